"""Events inside the frames of AWS Bedrock's InvokeModelWithResponseStream.

Each frame of type ``chunk`` holds ``{"bytes": "<base64>"}``, and in it one event as the model's vendor writes it; a
frame may be an exception instead. What the event means belongs to the vendor's format.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html and
smithy.io/2.0/aws/amazon-eventstream.html (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from penstock.wire.framing.aws_eventstream import Frame

EXCEPTION_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "internalServerException": 500,
        "modelStreamErrorException": 424,
        "modelTimeoutException": 408,
        "serviceUnavailableException": 503,
        "throttlingException": 429,
        "validationException": 400,
    }
)
"""Exception to the HTTP status that it has as an answer of its own; 500 for others."""


class FrameError(NamedTuple):
    """An exception that came in the stream."""

    status: int
    name: str
    payload: bytes


class _Chunk(msgspec.Struct, rename={"event": "bytes"}):
    event: bytes


class _Event(msgspec.Struct):
    type: str


_chunk_decoder = msgspec.json.Decoder(_Chunk)
_event_decoder = msgspec.json.Decoder(_Event)


def frame_error(frame: Frame) -> FrameError | None:
    """Return the exception or the unmodeled error that a frame is, or None."""
    headers = frame.headers
    kind = headers.get(":message-type", "event")
    if kind == "event":
        return None
    name = headers.get(":exception-type") or headers.get(":error-code") or kind
    return FrameError(EXCEPTION_STATUS.get(name, 500), name, frame.payload or _said_in_header(headers))


def _said_in_header(headers: Mapping[str, str]) -> bytes:
    """Return the payload that a frame without one stands for: an unmodeled error is told in ``:error-message``."""
    message = headers.get(":error-message")
    return msgspec.json.encode({"message": message}) if message else b""


def inner_event(frame: Frame) -> bytes:
    """Return the vendor's event in a frame; empty for a frame that holds none.

    Raises:
        ValueError: a chunk without readable bytes.
    """
    if frame.headers.get(":event-type") != "chunk":
        return b""
    return _chunk_decoder.decode(frame.payload).event


def as_named_event(data: bytes) -> bytes:
    """Frame a JSON event that says its ``type`` as server-sent event of that name, as Anthropic itself does.

    Raises:
        ValueError: not a JSON object with a type.
    """
    name = _event_decoder.decode(data).type
    if not name.isidentifier():
        msg = "an event type that is no name"
        raise ValueError(msg)
    return b"event: %b\ndata: %b\n\n" % (name.encode("ascii", "replace"), data.translate(None, b"\r\n"))

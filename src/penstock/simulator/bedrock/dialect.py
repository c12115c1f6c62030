"""Errors and frames as AWS Bedrock has them.

An error's name is in ``x-amzn-errortype``; in the middle of a stream it is a frame of its own. Converse's frames have
an event each; InvokeModel's have an event of the model's vendor in base64.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, .../API_runtime_ConverseStream.html
and .../API_runtime_InvokeModelWithResponseStream.html (read 2026-11-23).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.simulator.dialect import Dialect
from penstock.simulator.native import worded
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import JSON, Headers
from penstock.wire.framing.aws_eventstream import MAX_FRAME_BYTES, FrameSplitter, encode_frame

ERROR_NAMES: Mapping[int, str] = MappingProxyType(
    {
        400: "ValidationException",
        401: "AccessDeniedException",
        403: "AccessDeniedException",
        404: "ResourceNotFoundException",
        408: "ModelTimeoutException",
        424: "ModelErrorException",
        429: "ThrottlingException",
        500: "InternalServerException",
        503: "ServiceUnavailableException",
    }
)
"""An error's name by status; other refusals are ``ValidationException``, other failures ``InternalServerException``."""

WORDINGS: Mapping[str, str] = MappingProxyType(
    {
        "missing_required_parameter": (
            "1 validation error detected: Value at '{place}' failed to satisfy constraint: Member must not be null"
        ),
        "unknown_member": (
            "Malformed input request: #: extraneous key [{name}] is not permitted, please reformat your input and try "
            "again."
        ),
        "context_length_exceeded": "Input is too long for requested model.",
        "content_filter": "The model returned the following errors: Output blocked by content filtering policy",
        "model_not_found": "The provided model identifier is invalid.",
        "rate_limit_exceeded": "Too many requests, please wait before trying again.",
    }
)
_INDEX = re.compile(r"\[(\d+)\]")
_PAD = "abcdefghijklmnop"


def write_error(error: VendorError) -> tuple[Headers, bytes]:
    """Return headers and body of an error answer."""
    name, text = _name_and_text(error)
    return (*JSON, (b"x-amzn-errortype", name.encode())), msgspec.json.encode({"message": text})


def _name_and_text(error: VendorError) -> tuple[str, str]:
    named = error.code if error.code is not None and error.code.endswith("Exception") else None
    by_status = ERROR_NAMES.get(error.status) or (
        "ValidationException" if error.status < 500 else "InternalServerException"
    )
    if error.code == "model_not_found":
        by_status = "ValidationException"
    return named or by_status, worded(error, WORDINGS, _INDEX.sub(r".\1", error.param or ""))


def frame(event_type: str, payload: bytes) -> bytes:
    """Return one event of a stream in its frame."""
    headers = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, payload)


def padded(members: dict[str, object], chars: int) -> bytes:
    """Return an event's JSON with the padding that hides its length."""
    return msgspec.json.encode({**members, "p": _PAD[: chars % len(_PAD) + 1]})


def chunk(event: bytes) -> bytes:
    """Return an event of a model's vendor in InvokeModel's frame."""
    return frame("chunk", padded({"bytes": b64encode(event).decode()}, len(event)))


def _exception_frame(error: VendorError) -> bytes:
    name, text = _name_and_text(error)
    headers = {
        ":exception-type": name[0].lower() + name[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_frame(headers, msgspec.json.encode({"message": text}))


def _pad_frame(event: bytes, size: int) -> bytes:
    (one,) = FrameSplitter().feed(event)
    room = MAX_FRAME_BYTES - len(event)
    return encode_frame(one.headers, one.payload + b" " * min(size, room))


def _event_in(event: bytes) -> bytes:
    """Return the vendor's event in a chunk."""
    (one,) = FrameSplitter().feed(event)
    return b64decode(msgspec.json.decode(one.payload)["bytes"])


def _without_usage_in(event: bytes) -> bytes:
    inner = msgspec.json.decode(_event_in(event))
    inner.pop("usage", None)
    inner.pop(METRICS, None)
    if isinstance(message := inner.get("message"), dict):
        message.pop("usage", None)
    return chunk(msgspec.json.encode(inner))


METRICS = "amazon-bedrock-invocationMetrics"
"""Where the last event of InvokeModel has Bedrock's own counts."""
STREAM: Headers = ((b"content-type", b"application/vnd.amazon.eventstream"),)

CONVERSE = Dialect(
    write_error=write_error,
    write_error_event=_exception_frame,
    malformed_event=frame("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"te'),
    says_finish=lambda event: b'"stopReason"' in event,
    without_usage=lambda event: b"" if b'"inputTokens"' in event else event,
    usage_member="usage",
    stream_headers=STREAM,
    is_text=False,
    pad_event=_pad_frame,
)

INVOKE = Dialect(
    write_error=write_error,
    write_error_event=_exception_frame,
    malformed_event=chunk(b'{"type":"content_block_delta","index":0,"delta":{"type":"te'),
    says_finish=lambda event: b'"stop_reason":"' in _event_in(event),
    without_usage=_without_usage_in,
    usage_member="usage",
    stream_headers=STREAM,
    is_text=False,
    pad_event=_pad_frame,
)

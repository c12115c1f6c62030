"""Cuts an upstream's stream into named events, whatever its framing: server-sent events, AWS frames, or both.

Nearly every piece that comes from the network is one whole event; ``only_event`` takes those without more ado.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from penstock.wire.framing.aws_eventstream import FrameSplitter
from penstock.wire.framing.invoke_stream import frame_error, inner_event
from penstock.wire.framing.sse import EventSplitter, event_data

StreamFraming = Literal["sse", "aws_eventstream", "invoke"]
"""``invoke``: a vendor's own events inside AWS frames (Bedrock's InvokeModelWithResponseStream)."""

(_CR,) = b"\r"
_ONLY_EVENT = re.compile(rb"(?:event:.*\n)?data: ?+(.+)\n\n")
"""A server-sent event of one line of data, with or without its name, and nothing before or behind it; all lines end in
LF."""


class FramedError(Exception):
    """An exception that came as a frame: what it is called, the status it would have had, and its body."""

    def __init__(self, status: int, name: str, payload: bytes) -> None:
        """Take what the frame says."""
        super().__init__(name)
        self.status, self.name, self.payload = status, name, payload


class EventCutter:
    """Cuts one stream into ``(kind, data)``, the kind empty where the framing names none."""

    __slots__ = ("_events", "_frames", "_framing", "_limit_bytes")

    def __init__(self, framing: StreamFraming, limit_bytes: int) -> None:
        """Begin at the start of a stream whose events are at most ``limit_bytes`` long."""
        self._framing = framing
        self._limit_bytes = limit_bytes
        self._events = EventSplitter()
        self._frames = FrameSplitter(limit_bytes)

    def only_event(self, payload: bytes) -> tuple[str, bytes] | None:
        """Take a piece that is one whole event; None where it is anything else: then it has to be fed."""
        if self._framing == "sse":
            if self._events.held:
                return None
            if _CR in payload:
                payload = payload.replace(b"\r\n", b"\n")
                if _CR in payload:
                    return None
            match = _ONLY_EVENT.fullmatch(payload)
            return None if match is None else ("", match[1])
        if self._framing == "aws_eventstream":
            frame = self._frames.only_frame(payload)
            if frame is not None and frame.headers.get(":message-type") == "event":
                return frame.headers.get(":event-type", ""), frame.payload
        return None

    def feed(self, payload: bytes) -> Iterator[tuple[str, bytes]]:
        """Take one piece of the stream.

        Raises:
            ValueError: a frame is damaged, or an event is too long.
            FramedError: the upstream reports an exception, after the events that were yielded.
        """
        if self._framing != "sse":
            yield from self._feed_frames(payload)
            return
        _, blocks = self._events.feed(payload)
        for block in blocks:
            data = event_data(block)
            if data:
                yield "", data
        if len(self._events.held) > self._limit_bytes:
            msg = "an event that is too long"
            raise ValueError(msg)

    def _feed_frames(self, payload: bytes) -> Iterator[tuple[str, bytes]]:
        for frame in self._frames.feed(payload):
            error = frame_error(frame)
            if error is not None:
                raise FramedError(error.status, error.name, error.payload)
            if self._framing == "invoke":
                data = inner_event(frame)
                if data:
                    yield "", data
            else:
                yield frame.headers.get(":event-type", ""), frame.payload

    def rest(self) -> Iterator[tuple[str, bytes]]:
        """Yield the event whose blank line never came; half a frame is nothing.

        Raises:
            ValueError: the stream ends inside a frame.
        """
        if self._framing != "sse":
            if self._frames.held:
                msg = "the stream ends inside a frame"
                raise ValueError(msg)
            return
        if event_data(bytes(self._events.held)):
            yield from self.feed(b"\n\n")

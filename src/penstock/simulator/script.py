"""An answer as a list of steps, so that what goes over the wire can be written down and changed as a value.

A healthy answer is a script, and a fault turns one script into another; neither knows a socket. ``performing`` plays
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Think:
    """Wait as long as a model would need for so many tokens, at the simulator's pace."""

    tokens: int


@dataclass(frozen=True, slots=True)
class Head:
    """Begin an answer; without a length its body is chunked."""

    status: int
    headers: Headers
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Paced:
    """Send the events of a stream, one after the other, at the simulator's pace."""

    events: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Send:
    """Send a piece of the body at once, as one chunk if the body is chunked."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Raw:
    """Send bytes with no framing at all."""

    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """End the answer; the connection may go on."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection; with ``reset`` the peer is told that it broke."""

    reset: bool = False


Step = Wait | Think | Head | Paced | Send | Raw | End | Cut
Script = Iterable[Step]

EVENT_STREAM: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))
JSON: Headers = ((b"content-type", b"application/json"),)


def whole(status: int, headers: Headers, body: bytes) -> tuple[Step, ...]:
    """Return the steps of an answer that is sent in one go."""
    return (Head(status, headers, len(body)), Send(body), End())

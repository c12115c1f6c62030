"""How one wire format says what all of them say: an error, an end, a broken event; and an answer prepared in one.

Faults are written once, for every format: what they must know of a format is a :class:`Dialect`. OpenAI's is here;
the others stand beside their formats. What a healthy answer says is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import EVENT_STREAM, JSON, End, Head, Headers, Paced, Script, Think, whole

DATA = b"data: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What faults must know of a format."""

    write_error: Callable[[VendorError], tuple[Headers, bytes]]
    """Headers (its content type among them) and body of an error answer."""
    write_error_event: Callable[[VendorError], bytes]
    """An error in the middle of a stream."""
    malformed_event: bytes
    says_finish: Callable[[bytes], bool]
    """Whether an event says why an answer ended."""
    without_usage: Callable[[bytes], bytes]
    """An event without token counts; empty when nothing is left of it."""
    usage_member: str
    stream_headers: Headers = EVENT_STREAM
    is_text: bool = True
    """Events are lines of text, so that comments and other line ends can stand among them."""
    pad_event: Callable[[bytes, int], bytes]
    """An event made longer by so many bytes of white space."""
    blocked: bytes | None = None
    """The body (or the only event's data) with which a content filter answers a prompt; None: it is an error."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A healthy answer before it is sent: a body, or the events of a stream."""

    headers: Headers
    body: bytes = b""
    events: Iterable[bytes] | None = None
    tokens: int = 0
    """What a whole body took to write."""
    dialect: Dialect | None = None
    """None: OpenAI's."""

    @property
    def speaks(self) -> Dialect:
        """Return the dialect."""
        return self.dialect or OPENAI

    def script(self) -> Script:
        """Return the healthy script."""
        if self.events is None:
            return (Think(self.tokens), *whole(200, (*JSON, *self.headers), self.body))
        return (Head(200, (*self.speaks.stream_headers, *self.headers)), Paced(self.events), End())


def has(mark: bytes) -> Callable[[bytes], bool]:
    """Return a function that looks for a mark in an event."""
    return lambda event: mark in event


def pad_line(event: bytes, size: int) -> bytes:
    """Make an event of server-sent events longer, by white space before its data."""
    return event.replace(DATA, DATA + b" " * size, 1)


def without_member(*names: str) -> Callable[[bytes], bytes]:
    """Return a function that takes members of these names out of an event's JSON, at any depth of objects."""

    def edit(event: bytes) -> bytes:
        head, data, rest = event.partition(DATA)
        if not data or not any(name.encode() in rest for name in names):
            return event
        try:
            value = msgspec.json.decode(rest)
        except msgspec.DecodeError:
            return event
        return head + data + msgspec.json.encode(_pruned(value, names)) + b"\n\n"

    return edit


def _pruned(value: object, names: tuple[str, ...]) -> object:
    if not isinstance(value, dict):
        return value
    return {name: _pruned(inner, names) for name, inner in value.items() if name not in names}


def joined_without_usage(dialect: Dialect, events: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the events without token counts."""
    for event in events:
        if kept := dialect.without_usage(event):
            yield kept


def _openai_without_usage(event: bytes) -> bytes:
    return b"" if b'"choices":[]' in event else event


OPENAI = Dialect(
    write_error=lambda error: (JSON, error.body()),
    write_error_event=lambda error: b"data: %b\n\n" % error.body(),
    malformed_event=b'data: {"choices": [{"delta": {"cont\n\n',
    says_finish=has(b'"finish_reason":"'),
    without_usage=_openai_without_usage,
    usage_member="usage",
    pad_event=pad_line,
)

"""What an upstream's answer is to those who take it: its head, how its body ends, and the calls they hear it by.

The bytes are read in ``client_protocol``; what an answer says is the relay's to know. RFC 9112, section 6.3 (read
2026-11-23).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from penstock.core.errors import UpstreamFault
from penstock.transport.http_syntax import LENGTH_DIGITS

Framing = Literal["none", "length", "chunked", "close"]
SWITCHING_PROTOCOLS = 101
OK = 200
BODYLESS = frozenset({204, 304})
_AMBIGUOUS = "the length of its body is ambiguous"


class AnswerHead(msgspec.Struct, gc=False):
    """Status and headers of an upstream's answer; header names in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    fields: dict[bytes, bytes]
    """The headers by name; the last value of a repeated one."""
    framing: Framing = "none"
    content_length: int = 0


class BodyReceiver(Protocol):
    """Who takes the body of an upstream's answer. All calls come from the event loop, in order."""

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Body bytes; ``framed`` is the same in its original chunks, when it is whole plain chunks."""

    def on_end(self) -> None:
        """The answer is whole."""

    def on_failure(self, error: UpstreamFault) -> None:
        """The rest of the answer will not come."""


class HeadReceiver(Protocol):
    """Who takes the head of an upstream's answer."""

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        """The head has come. Return who takes the body; None: nobody, the connection has been cancelled."""

    def on_failure(self, error: UpstreamFault) -> None:
        """No answer will come."""


@dataclass(frozen=True, slots=True)
class ExchangeTimeouts:
    """Waits of one exchange, in seconds."""

    first_byte_s: float
    idle_s: float
    total_s: float


def find_framing(head: AnswerHead) -> str | None:
    """Note in the head of an answer with a body how that body ends; return what is wrong, or None."""
    fields = head.fields
    if len(fields) != len(head.headers) and _disagree(head.headers):
        return _AMBIGUOUS
    coding = fields.get(b"transfer-encoding")
    length = fields.get(b"content-length")
    if coding is not None:
        if coding.lower() != b"chunked" or length is not None:
            return _AMBIGUOUS
        head.framing = "chunked"
    elif length is not None:
        if len(length) > LENGTH_DIGITS or not length.isdigit():
            return "the length of its body is not a number"
        head.framing = "length"
        head.content_length = int(length)
    else:
        head.framing = "close"
    return None


def _disagree(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether repeated headers leave in doubt where the body ends."""
    lengths = {value for name, value in headers if name == b"content-length"}
    return len(lengths) > 1 or sum(name == b"transfer-encoding" for name, _ in headers) > 1

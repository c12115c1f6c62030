"""One request as the HTTP server hands it over, and the way to answer it.

The application (gateway, admin, simulator) sees this and never the socket. An answer is one of: ``respond`` (whole),
or ``begin`` then ``write_chunk`` … then ``end``, or ``abort`` (the connection is cut, so that nobody takes a part for
the whole). ``write_raw`` is for a relay that passes on chunks that are framed already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from penstock.core.errors import GatewayError

HeaderList = list[tuple[bytes, bytes]]
"""Names are lower case, values stripped of outer white space; repeated names stay apart."""


class FlowControlled(Protocol):
    """Something that can be told to stop and to go on reading."""

    def pause_reading(self) -> None:
        """Stop taking bytes from the network."""

    def resume_reading(self) -> None:
        """Take bytes again."""


class ServerRequest(Protocol):
    """A request whose head has been read; the body is there when ``handle`` is called."""

    method: str
    path: str
    """Percent-encoded as sent, without the query."""
    query: str
    http_minor: int
    """0 or 1: HTTP/1.0 callers get no chunked answers."""
    headers: HeaderList
    fields: dict[bytes, bytes]
    """The same by name; the last value of a repeated header."""
    notes: dict[object, object]
    """What the application found out from the head alone; kept while the same head comes again on a connection."""
    body: bytes
    gone: bool
    """The caller has left, or its connection was cut by ``abort``; every write is ignored."""
    began: bool
    """The head of an answer has been written."""
    peer: str
    """Caller's address, for the log."""
    context: object
    """The application's own, from ``check_head`` to ``handle``."""
    takes_chunks: bool
    """The answer in progress is chunked, so that bytes framed elsewhere may be passed on."""

    def header(self, name: bytes) -> bytes | None:
        """Return a header's value (``name`` in lower case); the last one, where it is repeated."""

    def respond(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole answer; ``content-length`` is added."""

    def respond_block(self, status: int, block: bytes, body: bytes) -> None:
        """Send a whole answer with header lines that are rendered already."""

    def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]], content_length: int | None = None) -> None:
        """Send the head; without a length the body is chunked (or ends with the connection, for HTTP/1.0)."""

    def begin_block(self, status: int, block: bytes, content_length: int | None = None) -> None:
        """Send the head with header lines that are rendered already."""

    def write_chunk(self, data: bytes) -> None:
        """Send a piece of the body, framed as the head promised."""

    def write_raw(self, data: bytes) -> None:
        """Send bytes as they are: the caller of this vouches for their framing."""

    def end(self) -> None:
        """End the body cleanly."""

    def abort(self) -> None:
        """Cut the connection: what was written goes out, and does not look complete."""

    async def drain(self) -> None:
        """Wait until the caller has taken what was written (returns at once when it is gone)."""

    def couple(self, reader: FlowControlled | None) -> None:
        """Name who is to pause when the caller is slow."""


class ServerApp(Protocol):
    """What a server serves."""

    def check_head(self, request: ServerRequest) -> GatewayError | None:
        """Refuse a request before its body is read, or return None. Must not block."""

    async def handle(self, request: ServerRequest) -> None:
        """Answer a request. Cancelled when the caller leaves."""

    def render_error(
        self, error: GatewayError, request: ServerRequest | None
    ) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return headers and body for an error that the server itself met (bad HTTP, too large, too slow)."""

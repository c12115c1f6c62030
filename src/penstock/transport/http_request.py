"""One request of the HTTP server, and the way to answer it.

Knows how an answer is framed (length, chunks, end of the connection), that HEAD has no body, and that an answer which
cannot be completed must be seen to be cut. When it is answered, and over which socket, is its connection's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from penstock.core.errors import GatewayError
from penstock.transport.http_syntax import header_block, status_line
from penstock.transport.server_request import FlowControlled, ServerApp

BODYLESS = frozenset({204, 304})
"""Statuses without a body, whose answers say no length of one (RFC 9110, section 8.6)."""


class AnsweringConnection(Protocol):
    """The connection that a request came on, as far as the request must know it."""

    @property
    def draining(self) -> bool:
        """The server is going: this answer is the connection's last."""

    def write(self, data: bytes) -> None:
        """Send bytes, in order."""

    def answered(self, request: HttpRequest) -> None:
        """The answer has been written whole."""

    def break_off(self, *, visible: bool) -> None:
        """The answer will not be whole; ``visible``: the missing rest shows in its framing."""

    async def drain(self) -> None:
        """Wait until the caller has taken what was written."""

    def couple(self, reader: FlowControlled | None) -> None:
        """Name who is to pause when the caller is slow."""


class HttpRequest(msgspec.Struct, eq=False):
    """One request and the way to answer it; see :class:`penstock.transport.server_request.ServerRequest`."""

    _connection: AnsweringConnection
    peer: str
    method: str = ""
    path: str = ""
    query: str = ""
    http_minor: int = 1
    headers: list[tuple[bytes, bytes]] = msgspec.field(default_factory=list)
    fields: dict[bytes, bytes] = msgspec.field(default_factory=dict)
    notes: dict[object, object] = msgspec.field(default_factory=dict)
    body: bytes = b""
    parts: list[bytes] = msgspec.field(default_factory=list)
    received_bytes: int = 0
    refusal: GatewayError | None = None
    context: object = None
    app: ServerApp | None = None
    keep_alive: bool = False
    gone: bool = False
    began: bool = False
    ended: bool = False
    takes_chunks: bool = False
    _remaining: int | None = None

    def __repr__(self) -> str:
        """Name it; keys and prompts are in no text of ours."""
        return f"HttpRequest({self.method} {self.path[:200]})"

    def header(self, name: bytes) -> bytes | None:
        """Return a header's value (``name`` in lower case); the last one, where it is repeated."""
        return self.fields.get(name)

    def respond(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole answer."""
        self.respond_block(status, header_block(headers), body)

    def respond_block(self, status: int, block: bytes, body: bytes) -> None:
        """Send a whole answer whose header lines are rendered already, in one write."""
        self.began = self.ended = True
        head = self._render_head(status, block, len(body))
        if self.gone:
            return
        self._connection.write(head if self.method == "HEAD" else head + body)
        self._connection.answered(self)

    def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]], content_length: int | None = None) -> None:
        """Send the head of an answer."""
        self.begin_block(status, header_block(headers), content_length)

    def begin_block(self, status: int, block: bytes, content_length: int | None = None) -> None:
        """Send the head of an answer whose header lines are rendered already."""
        self.began = True
        self._remaining = content_length
        self.takes_chunks = content_length is None and self.http_minor == 1
        self.write_raw(self._render_head(status, block, content_length))

    def _render_head(self, status: int, block: bytes, content_length: int | None) -> bytes:
        if content_length is not None:
            framing = b"content-length: %d\r\n" % content_length if status not in BODYLESS else b""
        elif self.http_minor:
            framing = b"transfer-encoding: chunked\r\n"
        else:
            self.keep_alive = False
            framing = b""
        if not self.keep_alive or self._connection.draining:
            self.keep_alive = False
            framing += b"connection: close\r\n"
        elif not self.http_minor:
            framing += b"connection: keep-alive\r\n"
        return status_line(status) + block + framing + b"\r\n"

    def write_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        if not self.gone:
            self._connection.write(data)

    def write_chunk(self, data: bytes) -> None:
        """Send a piece of the body."""
        if self.method == "HEAD" or not data:
            return
        if self.takes_chunks:
            self.write_raw(b"%x\r\n%b\r\n" % (len(data), data))
            return
        if self._remaining is not None:
            self._remaining -= len(data)
        self.write_raw(data)

    def end(self) -> None:
        """End the body cleanly; a body shorter or longer than promised is cut instead."""
        if self.ended:
            return
        if self._remaining and self.method != "HEAD":
            self.abort()
            return
        if self.takes_chunks and self.method != "HEAD":
            self.write_raw(b"0\r\n\r\n")
        self.ended = True
        if not self.gone:
            self._connection.answered(self)

    def abort(self) -> None:
        """Cut the connection: what was written goes out, and does not look complete."""
        self.ended = True
        if not self.gone:
            self.gone = True
            self._connection.break_off(visible=self.takes_chunks or bool(self._remaining))

    async def drain(self) -> None:
        """Wait until the caller has taken what was written."""
        if not self.gone:
            await self._connection.drain()

    def couple(self, reader: FlowControlled | None) -> None:
        """Name who is to pause when the caller is slow."""
        if not self.gone:
            self._connection.couple(reader)

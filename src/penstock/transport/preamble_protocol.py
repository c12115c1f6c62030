"""A connection until its PROXY preamble has been read; then it is the HTTP server's.

No byte is read that does not belong to the preamble: the transport is given a buffer of just so many bytes as are
wanted next. So the rest of the connection, TLS or not, is handed over by exchanging the transport's protocol, and the
HTTP server's own path knows nothing of all this.

The preamble is bounded in bytes (``proxy_protocol.py``) and in time (that of a request's head). A connection that
begins otherwise, or is not from a trusted proxy, is closed, counted and logged.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import cast

from penstock.transport.deadlines import NEVER
from penstock.transport.forwarded import TrustedProxies, name_peer
from penstock.transport.proxy_protocol import MalformedPreamble, Preamble, PreambleReader
from penstock.transport.server_protocol import ServerConnection, ServerState
from penstock.transport.server_request import ServerApp

log = logging.getLogger(__name__)


class PreambleConnection(asyncio.BufferedProtocol):
    """One connection that has not said yet for whom it comes."""

    __slots__ = (
        "_buffer",
        "_make",
        "_peer",
        "_reader",
        "_starting_tls",
        "_tls",
        "_trusted",
        "deadline",
        "state",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(
        self,
        state: ServerState,
        make: Callable[[], ServerConnection],
        tls: ssl.SSLContext | None,
        trusted: TrustedProxies | None,
    ) -> None:
        """Belong to a listener.

        ``make`` makes the connection that comes after a preamble that names its caller, within ``tls`` if any.
        """
        self.state = state
        self.deadline = NEVER
        self._make = make
        self._tls = tls
        self._trusted = trusted
        self._reader = PreambleReader()
        self._buffer = bytearray()
        self._peer = ""
        self._starting_tls: asyncio.Task[None] | None = None

    # --- connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, or turn the connection away."""
        self.transport = cast("asyncio.Transport", transport)
        self._peer = name_peer(transport.get_extra_info("peername"))
        state = self.state
        state.connections.add(self)
        state.deadlines.guard(self)
        self.deadline = state.loop.time() + state.limits.header_s
        if len(state.connections) > state.limits.connections:
            self._refuse("limit", f"the listener has its {state.limits.connections} connections")
        elif self._trusted is not None and not self._trusted.trusts(self._peer):
            self._refuse("untrusted", "it is no trusted proxy")

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone."""
        self._let_go()

    def _let_go(self) -> None:
        self.state.connections.discard(self)
        self.state.deadlines.release(self)

    def _refuse(self, reason: str, why: str, level: int = logging.WARNING) -> None:
        """Close the connection, count it and say why."""
        self.state.refused[reason] += 1
        log.log(level, "connection of %s refused: %s", self._peer, why)
        self.transport.abort()

    def expire(self) -> None:
        """Act on the passed deadline: of the preamble, or of the TLS handshake behind it."""
        self.deadline = NEVER
        if self._starting_tls is not None:
            self.cut()
        else:
            self._refuse("preamble_timeout", "its PROXY preamble did not come in time")

    # --- what a listener asks of its connections

    def forget_head(self) -> None:
        """Nothing is known of an application yet."""

    def serves(self, app: ServerApp) -> bool:
        """Say that no application was asked."""
        return False

    def close_when_idle(self) -> None:
        """Nothing is being answered here."""
        self.cut()

    def cut(self) -> None:
        """End the connection."""
        self.transport.abort()
        if self._starting_tls is not None:
            self._starting_tls.cancel()  # a handshake is not told that its transport was aborted

    # --- reading

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return room for the bytes that are wanted next."""
        self._buffer = bytearray(self._reader.wanted)
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take a piece of the preamble."""
        if self.transport.is_closing():
            return
        try:
            preamble = self._reader.feed(bytes(self._buffer[:nbytes]))
        except MalformedPreamble as malformed:
            self._refuse("preamble_malformed", f"it did not begin with a PROXY preamble: {malformed}")
            return
        if preamble is None:
            return
        self.transport.pause_reading()
        if self._tls is None:
            self._let_go()
            self._hand_over(self.transport, preamble)
            self.transport.resume_reading()
        else:
            self._starting_tls = self.state.loop.create_task(self._start_tls(self._tls, preamble))

    def eof_received(self) -> bool:
        """Take the end of the connection; a balancer that only looks whether we are there ends it so."""
        self._refuse("preamble_cut", "it ended before its PROXY preamble did", logging.DEBUG)
        return False

    def _hand_over(self, transport: asyncio.Transport, preamble: Preamble) -> ServerConnection:
        named = preamble.source
        connection = ServerConnection(self.state) if named is None else self._make()  # for nobody, no header counts
        transport.set_protocol(connection)
        connection.connection_made(transport)
        connection.peer = named or connection.peer
        return connection

    async def _start_tls(self, context: ssl.SSLContext, preamble: Preamble) -> None:
        early = _Early()
        try:
            secured = await self.state.loop.start_tls(self.transport, early, context, server_side=True)
        except (OSError, ssl.SSLError) as error:
            log.debug("no TLS with %s: %s", self._peer, error)
            self.transport.abort()
            return
        finally:
            self._let_go()
        if secured is None or early.lost:
            return
        connection = self._hand_over(secured, preamble)
        early.pass_on(connection)


class _Early(asyncio.Protocol):
    """Keeps what a caller sends together with the end of its handshake, until the connection's owner is there."""

    def __init__(self) -> None:
        self.lost = False
        self._data: list[bytes] = []
        self._ended = False

    def data_received(self, data: bytes) -> None:
        self._data.append(data)

    def eof_received(self) -> bool:
        self._ended = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def pass_on(self, connection: ServerConnection) -> None:
        """Give the connection what came for it."""
        if self._data:
            connection.data_received(b"".join(self._data))
        if self._ended and not connection.eof_received():
            connection.transport.close()

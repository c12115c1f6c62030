"""Listening: bind an application to an address, exchange it while it serves, and let it go gently.

``listen`` starts a server, on an address or on sockets that others have bound. ``Server.exchange`` puts another
application and other limits in place: requests whose head has been read stay with the application that saw it.
``Server.drain`` stops accepting, lets answers in progress finish within a grace time and cuts what is left.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.core.errors import OperatorError
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_protocol import ServerConnection, ServerState
from penstock.transport.server_request import ServerApp

BACKLOG = 4096


@dataclass(slots=True)
class Server:
    """A listening server."""

    state: ServerState
    listeners: list[asyncio.Server]
    host: str
    port: int
    """The port really bound, when 0 was asked for."""
    tls: ssl.SSLContext | None = None
    _lent: dict[int, list[asyncio.Server]] = field(default_factory=dict)

    @property
    def connections(self) -> int:
        """Open connections of callers."""
        return len(self.state.connections)

    def exchange(self, app: ServerApp, limits: ServerLimits) -> None:
        """Serve another application from the next head on."""
        self.state.app = app
        self.state.limits = limits
        for connection in self.state.connections:
            connection.forget_head()

    def serves(self, app: ServerApp) -> bool:
        """Say whether a request of an application is still open."""
        return any(connection.serves(app) for connection in self.state.connections)

    async def borrow(self, key: int, sockets: Sequence[socket.socket]) -> None:
        """Accept also from sockets that another process listens on, until ``give_back``."""
        if key not in self._lent and not self.state.draining:
            self._lent[key] = []
            self._lent[key] += [await _accept(self.state, each, self.tls) for each in sockets]

    def give_back(self, key: int) -> None:
        """Accept no more from borrowed sockets; connections that came from them stay."""
        for listener in self._lent.pop(key, ()):
            listener.close()

    async def drain(self, grace_s: float) -> int:
        """Stop accepting, wait for answers in progress, cut the rest; return how many were cut."""
        self.state.draining = True
        for listener in self.listeners:
            listener.close()
        for key in list(self._lent):
            self.give_back(key)
        for connection in list(self.state.connections):
            connection.close_when_idle()
        deadline = self.state.loop.time() + grace_s
        while self.state.connections and self.state.loop.time() < deadline:
            await asyncio.sleep(0.02)
            for connection in list(self.state.connections):
                connection.close_when_idle()
        left = list(self.state.connections)
        for connection in left:
            connection.cut()
        return len(left)


async def listen(
    app: ServerApp,
    *,
    host: str,
    port: int,
    limits: ServerLimits | None = None,
    tls: ssl.SSLContext | None = None,
    sockets: Sequence[socket.socket] = (),
) -> Server:
    """Serve ``app`` on ``host:port`` (port 0: any free one), or on ``sockets`` that are bound to it.

    Raises:
        OperatorError: the address is taken or cannot be bound.
    """
    loop = asyncio.get_running_loop()
    state = ServerState(app, limits or ServerLimits(), loop)
    try:
        if sockets:
            listeners = [await _accept(state, each, tls) for each in sockets]
        else:
            listeners = [
                await loop.create_server(
                    lambda: ServerConnection(state), host, port, ssl=tls, backlog=BACKLOG, reuse_address=True
                )
            ]
    except OSError as error:
        raise cannot_listen(host, port, error) from error
    return Server(state, listeners, host, _bound_port(listeners[0]), tls)


def cannot_listen(host: str, port: int, error: OSError) -> OperatorError:
    """Return the error of an address that cannot be listened on."""
    return OperatorError(f"cannot listen on {host}:{port}: {error.strerror or error}")


async def _accept(state: ServerState, bound: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
    """Accept from a copy of a socket: closing the copy leaves the socket open."""
    return await state.loop.create_server(lambda: ServerConnection(state), sock=bound.dup(), ssl=tls, backlog=BACKLOG)


def _bound_port(listener: asyncio.Server) -> int:
    for bound in listener.sockets:
        if bound.family in {socket.AF_INET, socket.AF_INET6}:
            return int(bound.getsockname()[1])
    return 0

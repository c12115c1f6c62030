"""Listening: bind an application to an address, exchange it while it serves, and let it go gently.

``listen`` starts a server on an address, ``serve_on`` on sockets that others have bound. ``Server.exchange`` puts
another application and other limits in place: requests whose head has been read stay with the application that saw it.
``Server.drain`` stops accepting, lets answers in progress finish within a grace time and cuts what is left; the two
halves of it are for a listener that is given up while others go on.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from penstock.core.errors import OperatorError
from penstock.transport.entrance import PLAIN, Entrance
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_protocol import ServerState
from penstock.transport.server_request import ServerApp

BACKLOG = 4096


@dataclass(slots=True)
class Server:
    """A listening server."""

    state: ServerState
    listeners: list[asyncio.Server]
    host: str
    port: int
    """The port really bound, when 0 was asked for; 0 for a Unix socket."""
    entrance: Entrance = PLAIN
    _lent: dict[int, list[asyncio.Server]] = field(default_factory=dict)

    @property
    def connections(self) -> int:
        """Open connections of callers."""
        return len(self.state.connections)

    async def start(self) -> None:
        """Begin to accept."""
        for listener in (*self.listeners, *(each for lent in self._lent.values() for each in lent)):
            await listener.start_serving()

    def exchange(self, app: ServerApp, limits: ServerLimits) -> None:
        """Serve another application from the next head on."""
        self.state.app = app
        self.state.limits = limits
        for connection in self.state.connections:
            connection.forget_head()

    def serves(self, app: ServerApp) -> bool:
        """Say whether a request of an application is still open."""
        return any(connection.serves(app) for connection in self.state.connections)

    async def borrow(self, key: int, sockets: Sequence[socket.socket], *, started: bool = True) -> None:
        """Accept also from sockets that another process listens on, until ``give_back``."""
        if key not in self._lent and not self.state.draining:
            self._lent[key] = []
            self._lent[key] += await _accept_all(self.state, sockets, self.entrance, started=started)

    def give_back(self, key: int) -> None:
        """Accept no more from borrowed sockets; connections that came from them stay."""
        for listener in self._lent.pop(key, ()):
            listener.close()

    def stop_accepting(self) -> None:
        """Accept no more; answers in progress are the last on their connections."""
        self.state.draining = True
        for listener in self.listeners:
            listener.close()
        for key in list(self._lent):
            self.give_back(key)
        self.close_idle()

    def close_idle(self) -> None:
        """Close the connections on which nothing is being answered."""
        for connection in list(self.state.connections):
            connection.close_when_idle()

    async def drain(self, grace_s: float) -> int:
        """Stop accepting, wait for answers in progress, cut the rest; return how many were cut."""
        self.stop_accepting()
        deadline = self.state.loop.time() + grace_s
        while self.state.connections and self.state.loop.time() < deadline:
            await asyncio.sleep(0.02)
            self.close_idle()
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
) -> Server:
    """Serve ``app`` on ``host:port`` (port 0: any free one).

    Raises:
        OperatorError: the address is taken or cannot be bound.
    """
    loop = asyncio.get_running_loop()
    state = ServerState(app, limits or ServerLimits(), loop)
    entrance = Entrance(tls)
    try:
        listener = await loop.create_server(
            lambda: entrance.greet(state), host, port, ssl=tls, backlog=BACKLOG, reuse_address=True
        )
    except OSError as error:
        address = f"{host}:{port}"
        raise cannot_listen(address, error) from error
    return Server(state, [listener], host, port_of(listener.sockets), entrance)


async def serve_on(
    app: ServerApp,
    sockets: Sequence[socket.socket],
    *,
    entrance: Entrance = PLAIN,
    limits: ServerLimits | None = None,
    started: bool = True,
) -> Server:
    """Serve ``app`` on sockets that are bound to one address; with ``started`` false only once ``start`` is called.

    Raises:
        OperatorError: too many files are open.
    """
    state = ServerState(app, limits or ServerLimits(), asyncio.get_running_loop())
    place = sockets[0].getsockname()
    host = place if isinstance(place, str) else str(place[0])
    try:
        listeners = await _accept_all(state, sockets, entrance, started=started)
    except OSError as error:
        raise cannot_listen(host, error) from error
    return Server(state, listeners, host, port_of(sockets), entrance)


def cannot_listen(address: str, error: OSError) -> OperatorError:
    """Return the error of an address that cannot be listened on."""
    return OperatorError(f"cannot listen on {address}: {error.strerror or error}")


def port_of(sockets: Sequence[socket.socket]) -> int:
    """Return the port that was really bound; 0 for Unix sockets."""
    for bound in sockets:
        if bound.family in {socket.AF_INET, socket.AF_INET6}:
            return int(bound.getsockname()[1])
    return 0


async def _accept_all(
    state: ServerState, sockets: Sequence[socket.socket], entrance: Entrance, *, started: bool
) -> list[asyncio.Server]:
    """Accept from copies of sockets: closing a copy leaves the socket open."""
    accepting: list[asyncio.Server] = []
    try:
        for each in sockets:
            accepting.append(await _accept(state, each.dup(), entrance, started=started))  # noqa: PERF401 - some may fail
    except OSError:
        for one in accepting:
            one.close()
        raise
    return accepting


async def _accept(state: ServerState, copy: socket.socket, entrance: Entrance, *, started: bool) -> asyncio.Server:
    def greet() -> asyncio.BaseProtocol:
        return entrance.greet(state)

    loop, tls = state.loop, entrance.accepting_tls
    if copy.family != socket.AF_UNIX:
        return await loop.create_server(greet, sock=copy, ssl=tls, backlog=BACKLOG, start_serving=started)
    create = loop.create_unix_server
    if sys.version_info >= (3, 13):  # the file is of him who has bound it, and outlives this server
        create = partial(create, cleanup_socket=False)
    return await create(greet, sock=copy, ssl=tls, backlog=BACKLOG, start_serving=started)

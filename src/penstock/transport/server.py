"""Listening: bind an application to an address, and let it go gently.

``listen`` starts a server; ``Server.drain`` stops accepting, lets answers in progress finish within a grace time and
cuts what is left. Certificates are checked by loading them before the socket is bound.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass

from penstock.core.errors import OperatorError
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_protocol import ServerConnection, ServerState
from penstock.transport.server_request import ServerApp

BACKLOG = 4096


@dataclass(frozen=True, slots=True)
class Server:
    """A listening server."""

    state: ServerState
    listener: asyncio.Server
    host: str
    port: int
    """The port really bound, when 0 was asked for."""

    @property
    def connections(self) -> int:
        """Open connections of callers."""
        return len(self.state.connections)

    async def drain(self, grace_s: float) -> int:
        """Stop accepting, wait for answers in progress, cut the rest; return how many were cut."""
        self.state.draining = True
        self.listener.close()
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


def server_tls(cert_file: str, key_file: str) -> ssl.SSLContext:
    """Return a server context (TLS 1.2 and later, HTTP/1.1 by ALPN).

    Raises:
        OperatorError: the files cannot be read or do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        msg = f"the certificate {cert_file} with the key {key_file} cannot be used: {error}"
        raise OperatorError(msg) from error
    return context


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
    try:
        listener = await loop.create_server(
            lambda: ServerConnection(state), host, port, ssl=tls, backlog=BACKLOG, reuse_address=True
        )
    except OSError as error:
        msg = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise OperatorError(msg) from error
    bound = _bound_port(listener)
    return Server(state, listener, host, bound)


def _bound_port(listener: asyncio.Server) -> int:
    for bound in listener.sockets:
        if bound.family in {socket.AF_INET, socket.AF_INET6}:
            return int(bound.getsockname()[1])
    return 0

"""How callers come in at a listener.

In plain text or by TLS, behind a balancer that speaks the PROXY protocol or not, and by whose word about the caller's
address. The usual entrance makes a plain :class:`ServerConnection` and costs it nothing. What happens on the others is
in ``preamble_protocol.py`` and ``forwarded.py``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from penstock.core.errors import GatewayError
from penstock.transport.forwarded import TrustedProxies
from penstock.transport.http_request import HttpRequest
from penstock.transport.preamble_protocol import PreambleConnection
from penstock.transport.server_protocol import ServerConnection, ServerState


class ForwardedConnection(ServerConnection):
    """A connection whose requests may say for whom they come."""

    __slots__ = ("_trusted",)

    def __init__(self, state: ServerState, trusted: TrustedProxies) -> None:
        """Take the word of ``trusted``."""
        super().__init__(state)
        self._trusted = trusted

    def ask_application(self, request: HttpRequest) -> GatewayError | None:
        """Find out who is calling before the application is asked."""
        request.peer = self._trusted.caller(self.peer, request.headers)
        return super().ask_application(request)


@dataclass(frozen=True, slots=True)
class Entrance:
    """The way in at a listener."""

    tls: ssl.SSLContext | None = None
    proxy_protocol: bool = False
    """Every connection begins with a preamble; with ``trusted`` only those from there may."""
    trusted: TrustedProxies | None = None

    @property
    def accepting_tls(self) -> ssl.SSLContext | None:
        """The context for connections that begin with TLS, and not with a preamble."""
        return None if self.proxy_protocol else self.tls

    def greet(self, state: ServerState) -> ServerConnection | PreambleConnection:
        """Return what takes a new connection's first byte."""
        if self.proxy_protocol:
            return PreambleConnection(state, lambda: self._connection(state), self.tls, self.trusted)
        return self._connection(state)

    def _connection(self, state: ServerState) -> ServerConnection:
        return ServerConnection(state) if self.trusted is None else ForwardedConnection(state, self.trusted)


PLAIN = Entrance()

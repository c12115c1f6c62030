"""The certificate of a listener of ours, which may be replaced while it listens.

A replacement is loaded into a context of its own, so that one that is wrong, or half written, changes nothing. The
listener keeps its first context, and each handshake is told to go on with the newest one (the callback that TLS has
for server names; called also when a client names none: docs.python.org/3/library/ssl.html, read 2026-11-23).
"""

from __future__ import annotations

import ssl

from penstock.transport.tls import Pem, load_pair


def server_tls(cert: Pem, key: Pem) -> ssl.SSLContext:
    """Return a server context (TLS 1.2 and later, HTTP/1.1 by ALPN).

    Raises:
        OperatorError: a file cannot be read, or the two do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_pair(context, cert, key)
    return context


class ServerCertificate:
    """What a listener shows of itself; handshakes that have begun keep what they began with."""

    def __init__(self, first: ssl.SSLContext) -> None:
        """Show ``first`` until it is replaced."""
        self.listening = first
        """The context to listen with."""
        self._newest = first
        first.sni_callback = self._choose

    def replace(self, context: ssl.SSLContext) -> None:
        """Show another certificate from the next handshake on."""
        self._newest = context

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        if self._newest is not self.listening:
            connection.context = self._newest

"""The listeners of one process: what accepts, by which entrance, and what becomes of those that are given up.

A listener that stays as it is keeps accepting through a reload; only its certificate is replaced. One that is new, or
that is entered another way than before (TLS, PROXY protocol, trusted proxies), begins to accept before the old one
stops. Connections of a listener that is gone are closed after the answer in progress, however long that takes.

Sockets are bound elsewhere (``sockets.py``); what is served is the data plane's business.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from penstock.app.sockets import Bound
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Listener
from penstock.transport.entrance import Entrance
from penstock.transport.forwarded import TrustedProxies
from penstock.transport.server import Server, cannot_listen, serve_on
from penstock.transport.server_certificate import ServerCertificate, server_tls
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerApp

_Way = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A listener that accepts, or is about to."""

    listener: Listener
    bound: Bound
    server: Server
    certificate: ServerCertificate | None

    @property
    def url(self) -> str:
        """Where callers connect."""
        return url_of(self.listener, self.bound)


Readied = dict[_Way, tuple[Opened, ServerCertificate | None]]
"""The listeners of a configuration that was prepared: new ones, and old ones with the certificate to show from then."""


def url_of(listener: Listener, bound: Bound) -> str:
    """Return where callers connect: a URL, or ``unix:PATH``, with ``https+`` before it where TLS is spoken there."""
    if bound.is_unix:
        return f"https+{bound.url}" if listener.tls else bound.url
    return f"{'https' if listener.tls else 'http'}://{bound.url}"


class Listening:
    """Every listener of a process."""

    def __init__(self, worker: int = 0) -> None:
        """Accept from the sockets of one worker."""
        self._worker = worker
        self._lenders: set[int] = set()
        self._opened: dict[_Way, Opened] = {}
        self._leaving: list[Server] = []
        self._refused_before: Counter[str] = Counter()
        self.draining = False

    # --- what there is

    @property
    def opened(self) -> list[Opened]:
        """The listeners, in the order of the configuration."""
        return list(self._opened.values())

    @property
    def connections(self) -> int:
        """Open connections of callers."""
        return sum(server.connections for server in self._servers())

    @property
    def refused(self) -> Counter[str]:
        """Connections that were turned away before their first request, by reason."""
        return sum((server.state.refused for server in self._servers()), self._refused_before)

    def serves(self, app: ServerApp) -> bool:
        """Say whether a request of an application is still open."""
        return any(server.serves(app) for server in self._servers())

    def _servers(self) -> list[Server]:
        return [*(each.server for each in self._opened.values()), *self._leaving]

    # --- reload

    async def ready(
        self, listeners: Iterable[Listener], bound: Mapping[str, Bound], app: ServerApp, limits: ServerLimits
    ) -> Readied:
        """Prepare to listen on what is bound; ``enter`` or ``forget`` it.

        Raises:
            OperatorError: a certificate cannot be used, or too many files are open; nothing has changed.
        """
        readied: Readied = {}
        try:
            for listener in listeners:
                tls = server_tls(listener.tls.cert, listener.tls.key) if listener.tls else None
                certificate = ServerCertificate(tls) if tls else None
                place = bound[listener.address]
                known = self._opened.get(_way(listener, place))
                opened = known or Opened(
                    listener, place, await self._serve(listener, place, certificate, app, limits), certificate
                )
                readied[_way(listener, place)] = (opened, certificate)
        except OperatorError:
            self.forget(readied)
            raise
        return readied

    async def _serve(
        self,
        listener: Listener,
        bound: Bound,
        certificate: ServerCertificate | None,
        app: ServerApp,
        limits: ServerLimits,
    ) -> Server:
        trusted = TrustedProxies(listener.trusted_proxies, listener.forwarded_header)
        entrance = Entrance(
            certificate.listening if certificate else None,
            listener.proxy_protocol,
            trusted if listener.trusted_proxies else None,
        )
        server = await serve_on(app, bound.of(self._worker), entrance=entrance, limits=limits, started=False)
        try:
            for lender in self._lenders:
                await server.borrow(lender, bound.lent_by(lender), started=False)
        except OSError as error:
            server.stop_accepting()
            raise cannot_listen(listener.address, error) from error
        return server

    async def enter(self, readied: Readied, app: ServerApp, limits: ServerLimits) -> None:
        """Listen on what was prepared, and on nothing else; serve ``app`` there, and where connections are left."""
        old, self._opened = self._opened, {way: opened for way, (opened, _) in readied.items()}
        for server in self._servers():
            server.exchange(app, limits)
        for way, (opened, certificate) in readied.items():
            if way not in old:
                await opened.server.start()
            elif opened.certificate is not None and certificate is not None:
                opened.certificate.replace(certificate.listening)
        for way, opened in old.items():
            if way not in readied:
                opened.server.stop_accepting()
                self._leaving.append(opened.server)
        if self.draining:  # it has begun meanwhile
            self.stop_accepting()

    def forget(self, readied: Readied) -> None:
        """Give up what was prepared."""
        for way, (opened, _) in readied.items():
            if way not in self._opened:
                opened.server.stop_accepting()

    def sweep(self) -> bool:
        """Let go of given up listeners whose connections have ended; say whether some have not."""
        for server in self._leaving:
            server.close_idle()
        ended = [server for server in self._leaving if not server.connections]
        for server in ended:
            self._refused_before += server.state.refused
        self._leaving = [server for server in self._leaving if server not in ended]
        return bool(self._leaving)

    # --- other workers' sockets

    async def borrow(self, lender: int) -> None:
        """Accept from another worker's sockets too, since that one is gone."""
        self._lenders.add(lender)
        for opened in self.opened:
            await opened.server.borrow(lender, opened.bound.lent_by(lender))

    def give_back(self, lender: int) -> None:
        """Leave another worker's sockets to it again."""
        self._lenders.discard(lender)
        for opened in self.opened:
            opened.server.give_back(lender)

    # --- end

    def stop_accepting(self) -> None:
        """Accept nothing more, anywhere."""
        self.draining = True
        for server in self._servers():
            server.stop_accepting()

    async def drain(self, grace_s: float) -> int:
        """Stop accepting, let answers finish, cut the rest; return how many were cut."""
        self.stop_accepting()
        return sum(await asyncio.gather(*(server.drain(grace_s) for server in self._servers())))


def _way(listener: Listener, bound: Bound) -> _Way:
    """Return what makes two listeners the same: where it is, and how it is entered."""
    has_tls = listener.tls is not None
    return bound.number, has_tls, listener.proxy_protocol, listener.trusted_proxies, listener.forwarded_header

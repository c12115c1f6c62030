"""The data listener of one process and everything behind it: start, reload, drain.

Theory of operation of a reload. What the new snapshot needs is prepared beside what runs (``preparing.py``). ``commit``
puts it in place between two turns of the event loop: heads read from now on are the new gateway's; requests whose head
was read keep the old one until they have ended. Clients that are no longer used close their idle connections at once
and each busy one after its exchange; credentials are given up when no request of an older snapshot is left.

What cannot change while the process lives is the address it listens on, and whether that speaks TLS. Where the
configuration comes from, and who decides to reload, is elsewhere.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Coroutine, Sequence

from penstock.app.preparing import Parts, Prepared, forget, prepare
from penstock.config.address import is_loopback
from penstock.core.errors import OperatorError
from penstock.relay.backend_client import BackendClient
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.snapshot import Listener, Snapshot
from penstock.telemetry.access_log import AccessLog
from penstock.transport.server import Server, listen
from penstock.transport.server_certificate import ServerCertificate
from penstock.transport.server_limits import ServerLimits

ROUNDS_AFTER_CUT = 1000
SWEEP_S = 0.5

log = logging.getLogger("penstock")


class DataPlane:
    """A gateway that serves, in this process."""

    def __init__(self, parts: Parts, first: Prepared, data: Server, certificate: ServerCertificate | None) -> None:
        """Serve what was prepared on a server that listens; see :func:`start`."""
        self.data = data
        self.parts = parts
        self.current = first
        self.retired: list[Gateway] = []
        """Gateways of older snapshots that requests still use."""
        self.closing: list[BackendClient] = []
        """Clients of older snapshots that requests still use."""
        self.lines_lost_before = 0
        """Lines that access logs lost which are no longer in use."""
        self._started = first.gateway.snapshot
        self._certificate = certificate
        self._sweeper: asyncio.TimerHandle | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def gateway(self) -> Gateway:
        """What serves new requests."""
        return self.current.gateway

    @property
    def url(self) -> str:
        """Base URL for callers."""
        return f"{'https' if self.data.tls else 'http'}://{url_host(self.data.host)}:{self.data.port}"

    @property
    def in_flight(self) -> int:
        """Requests being answered, by whichever snapshot."""
        return self.gateway.in_flight + sum(gateway.in_flight for gateway in self.retired)

    # --- reload

    async def prepare(self, snapshot: Snapshot) -> Prepared:
        """Build what ``snapshot`` needs; ``commit`` or ``forget`` it.

        Raises:
            OperatorError: it cannot be put in place here; nothing has changed.
        """
        _check_door(snapshot, self.data.host)
        return await prepare(snapshot, self.parts, self.current)

    def commit(self, prepared: Prepared) -> tuple[str, ...]:
        """Serve by what was prepared from now on; return the settings that only a restart puts in place."""
        old, self.current = self.current, prepared
        self.parts.accounting.access_log = prepared.access_log
        self.data.exchange(prepared.gateway, _server_limits(prepared.gateway.snapshot.listener))
        if self._certificate is not None and prepared.tls is not None:
            self._certificate.replace(prepared.tls)
        kept = prepared.clients()
        for client in old.clients():
            if client not in kept:
                client.pool.close()
                self.closing.append(client)
        self.retired.append(old.gateway)
        if old.access_log is not None and old.access_log is not prepared.access_log:
            old.access_log.flush()
            self._in_background(self._close_log(old.access_log))
        self._sweep_soon()
        return needing_restart(self._started, prepared.gateway.snapshot)

    def forget(self, prepared: Prepared) -> None:
        """Give up what was prepared."""
        forget(prepared, self.current)
        self._sweep_soon()

    async def reload(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Serve by another snapshot; return the settings that only a restart puts in place.

        Raises:
            OperatorError: it cannot be put in place; the old one stays.
        """
        return self.commit(await self.prepare(snapshot))

    def _sweep_soon(self) -> None:
        if self._sweeper is None:
            self._sweeper = self.parts.loop.call_later(SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """Let go of snapshots that no request uses any more, and of what only they needed."""
        self._sweeper = None
        self.retired = [old for old in self.retired if old.in_flight or self.data.serves(old)]
        self.closing = [client for client in self.closing if client.pool.busy]
        backends = [each for one in (self.gateway, *self.retired) for each in one.snapshot.backends.values()]
        self._in_background(self.parts.sources.keep_only({each.credentials for each in backends if each.credentials}))
        if self.retired or self.closing:
            self._sweep_soon()
        else:
            gc.collect()  # a configuration is full of cycles, and the collector comes by seldom

    async def _close_log(self, access_log: AccessLog) -> None:
        await asyncio.to_thread(access_log.close)  # its disk may be slow
        self.lines_lost_before += access_log.dropped_lines

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        chore = self.parts.loop.create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    # --- end

    async def drain(self, grace_s: float) -> None:
        """Stop accepting, let answers finish within the grace time, cut the rest, and close everything."""
        cut = await self.data.drain(grace_s)
        if cut:
            log.warning("%d connections were cut after the grace time of %g s", cut, grace_s)
        if self._sweeper is not None:
            self._sweeper.cancel()
        for client in (*self.current.clients(), *self.closing):
            client.pool.close()
        await self.parts.sources.close()
        await self._until_recorded()
        if self._chores:
            await asyncio.wait(self._chores)
        if self.current.access_log is not None:
            self.current.access_log.close()

    async def _until_recorded(self) -> None:
        """Let the exchanges that were cut end and be recorded: their tasks hear of it a few rounds later."""
        for _ in range(ROUNDS_AFTER_CUT):
            if not self.in_flight:
                return
            await asyncio.sleep(0.001)
        log.warning("%d exchanges did not end after they were cut", self.in_flight)


async def start(snapshot: Snapshot, sockets: Sequence[socket.socket] = ()) -> DataPlane:
    """Serve on the snapshot's address, or on ``sockets`` that are bound to it.

    Raises:
        OperatorError: the address is taken, or something that the snapshot names cannot be used.
    """
    parts = Parts()
    listener = snapshot.listener
    host = str(sockets[0].getsockname()[0]) if sockets else listener.host
    _check_door(snapshot, host)
    try:
        prepared = await prepare(snapshot, parts)
        certificate = ServerCertificate(prepared.tls) if prepared.tls else None
        try:
            data = await listen(
                prepared.gateway,
                host=host,
                port=listener.port,
                tls=prepared.tls,
                limits=_server_limits(listener),
                sockets=sockets,
            )
        except OperatorError:
            forget(prepared)
            raise
    except OperatorError:
        await parts.sources.close()
        raise
    parts.accounting.access_log = prepared.access_log
    return DataPlane(parts, prepared, data, certificate)


def _check_door(snapshot: Snapshot, host: str) -> None:
    """Refuse what would open an address that is listened on to everybody, whatever the snapshot calls its own."""
    if not (snapshot.client_keys or snapshot.listener.allow_anonymous or is_loopback(host)):
        msg = f"without client keys everybody could call: {host} is listened on until a restart"
        raise OperatorError(msg)


def needing_restart(started: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Return the settings of ``now`` that differ from what the process was started with and cannot change."""
    before, after = started.listener, now.listener
    differing = {
        "listen.address": (before.host, before.port) != (after.host, after.port),
        "listen.tls": (before.tls is None) != (after.tls is None),
        "admin": (started.admin_host, started.admin_port) != (now.admin_host, now.admin_port),
    }
    return tuple(name for name, differs in differing.items() if differs)


def url_host(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _server_limits(listener: Listener) -> ServerLimits:
    limits, timeouts = listener.limits, listener.timeouts
    return ServerLimits(
        body_bytes=limits.body_bytes,
        header_bytes=limits.header_bytes,
        headers=limits.headers,
        connections=limits.connections,
        pipelined_requests=limits.pipelined_requests,
        header_s=timeouts.header_s,
        body_s=timeouts.body_s,
        keep_alive_s=timeouts.keep_alive_s,
    )

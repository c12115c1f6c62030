"""The listeners of one process and everything behind them: start, reload, drain.

Theory of operation of a reload. What the new snapshot needs is prepared beside what runs (``preparing.py``, and
``listening.py`` for listeners). ``commit`` puts it in place between two turns of the event loop: heads read from now on
are the new gateway's; requests whose head was read keep the old one until they have ended. Clients that are no longer
used close their idle connections at once and each busy one after its exchange; credentials are given up when no request
of an older snapshot is left.

Where the configuration comes from, and who decides to reload, is elsewhere.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from time import monotonic

from penstock.app.listening import Listening, Readied
from penstock.app.preparing import Parts, Prepared, forget, prepare
from penstock.app.sockets import Addresses, Bound
from penstock.config.address import is_loopback
from penstock.core.errors import OperatorError
from penstock.relay.backend_client import BackendClient
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.snapshot import Listener, Snapshot
from penstock.telemetry.access_log import AccessLog
from penstock.transport.server_limits import ServerLimits

ROUNDS_AFTER_CUT = 1000
SWEEP_S = 0.5
DRAIN_TOLD_EVERY_S = 2.0

log = logging.getLogger("penstock")


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that a snapshot needs before it can serve."""

    prepared: Prepared
    bound: Mapping[str, Bound]
    readied: Readied


class DataPlane:
    """A gateway that serves, in this process."""

    def __init__(self, parts: Parts, first: Prepared, listening: Listening, addresses: Addresses | None) -> None:
        """Serve what was prepared where ``listening`` listens; see :func:`start`.

        ``addresses`` are bound here, and not for this process by another, if given.
        """
        self.listening = listening
        self.parts = parts
        self.current = first
        self.retired: list[Gateway] = []
        """Gateways of older snapshots that requests still use."""
        self.closing: list[BackendClient] = []
        """Clients of older snapshots that requests still use."""
        self.lines_lost_before = 0
        """Lines that access logs lost which are no longer in use."""
        self._started = first.gateway.snapshot
        self._addresses = addresses
        self._sweeper: asyncio.TimerHandle | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def gateway(self) -> Gateway:
        """What serves new requests."""
        return self.current.gateway

    @property
    def urls(self) -> tuple[str, ...]:
        """Where callers connect: base URLs, and Unix sockets."""
        return tuple(opened.url for opened in self.listening.opened)

    @property
    def in_flight(self) -> int:
        """Requests being answered, by whichever snapshot."""
        return self.gateway.in_flight + sum(gateway.in_flight for gateway in self.retired)

    # --- reload

    async def prepare(self, snapshot: Snapshot, bound: Mapping[str, Bound] | None = None) -> Change:
        """Build what ``snapshot`` needs, to listen on what is ``bound`` (None: on addresses that are bound here).

        ``commit`` or ``forget`` it.

        Raises:
            OperatorError: it cannot be put in place; nothing has changed.
        """
        _check_doors(snapshot)
        prepared = await prepare(snapshot, self.parts, self.current)
        try:
            return await _open(snapshot, prepared, self.listening, self._addresses, bound or {})
        except OperatorError:
            forget(prepared, self.current)
            raise

    async def commit(self, change: Change) -> tuple[str, ...]:
        """Serve by what was prepared from now on; return the settings that only a restart puts in place."""
        prepared, snapshot = change.prepared, change.prepared.gateway.snapshot
        old, self.current = self.current, prepared
        self.parts.accounting.access_log = prepared.access_log
        await self.listening.enter(change.readied, prepared.gateway, _server_limits(snapshot.listener))
        if self._addresses is not None:
            self._addresses.adopt(change.bound, snapshot.listeners)
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
        return needing_restart(self._started, snapshot)

    def forget(self, change: Change) -> None:
        """Give up what was prepared."""
        self.listening.forget(change.readied)
        if self._addresses is not None:
            self._addresses.discard(change.bound)
        forget(change.prepared, self.current)
        self._sweep_soon()

    async def reload(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Serve by another snapshot; return the settings that only a restart puts in place.

        Raises:
            OperatorError: it cannot be put in place; the old one stays.
        """
        return await self.commit(await self.prepare(snapshot))

    def _sweep_soon(self) -> None:
        if self._sweeper is None:
            self._sweeper = self.parts.loop.call_later(SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """Let go of snapshots that no request uses any more, and of what only they needed."""
        self._sweeper = None
        self.retired = [old for old in self.retired if old.in_flight or self.listening.serves(old)]
        self.closing = [client for client in self.closing if client.pool.busy]
        backends = [each for one in (self.gateway, *self.retired) for each in one.snapshot.backends.values()]
        self._in_background(self.parts.sources.keep_only({each.credentials for each in backends if each.credentials}))
        issuers = {each for one in (self.gateway, *self.retired) for each in one.snapshot.token_issuers}
        self._in_background(self.parts.token_keys.keep_only(issuers))
        has_leaving = self.listening.sweep()
        if self.retired or self.closing or has_leaving:
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
        self.listening.stop_accepting()
        if self._addresses is not None:
            self._addresses.give_up()
        telling = self.parts.loop.create_task(self._tell_what_is_left(grace_s))
        try:
            cut = await self.listening.drain(grace_s)
        finally:
            telling.cancel()
        if cut:
            log.warning("%d connections were cut after the grace time of %g s", cut, grace_s)
        if self._sweeper is not None:
            self._sweeper.cancel()
        for client in (*self.current.clients(), *self.closing):
            client.pool.close()
        await self.parts.sources.close()
        await self.parts.token_keys.close()
        await self._until_recorded()
        if self._chores:
            await asyncio.wait(self._chores)
        if self.current.access_log is not None:
            self.current.access_log.close()

    async def _tell_what_is_left(self, grace_s: float) -> None:
        begun_at = monotonic()
        while True:
            await asyncio.sleep(DRAIN_TOLD_EVERY_S)
            log.info(
                "draining: %d connections, %.0f of %g s", self.listening.connections, monotonic() - begun_at, grace_s
            )

    async def _until_recorded(self) -> None:
        """Let the exchanges that were cut end and be recorded: they hear of it a few rounds later."""
        for _ in range(ROUNDS_AFTER_CUT):
            if not self.in_flight:
                return
            await asyncio.sleep(0.001)
        log.warning("%d exchanges did not end after they were cut", self.in_flight)


async def start(snapshot: Snapshot, bound: Mapping[str, Bound] | None = None, worker: int = 0) -> DataPlane:
    """Serve on the snapshot's addresses; with ``bound``, on what a worker is given of these.

    Raises:
        OperatorError: an address is taken, or something that the snapshot names cannot be used.
    """
    parts = Parts()
    _check_doors(snapshot)
    listening = Listening(worker)
    addresses = Addresses() if bound is None else None
    try:
        prepared = await prepare(snapshot, parts)
        try:
            change = await _open(snapshot, prepared, listening, addresses, bound or {})
        except OperatorError:
            forget(prepared)
            raise
    except OperatorError:
        await parts.sources.close()
        await parts.token_keys.close()
        raise
    parts.accounting.access_log = prepared.access_log
    await listening.enter(change.readied, prepared.gateway, _server_limits(snapshot.listener))
    if addresses is not None:
        addresses.adopt(change.bound, snapshot.listeners)
    return DataPlane(parts, prepared, listening, addresses)


async def _open(
    snapshot: Snapshot,
    prepared: Prepared,
    listening: Listening,
    addresses: Addresses | None,
    given: Mapping[str, Bound],
) -> Change:
    """Bind addresses that are not ``given``, and get ready to listen on all."""
    bound = given if addresses is None else await addresses.open(snapshot.listeners)
    limits = _server_limits(snapshot.listener)
    try:
        readied = await listening.ready(snapshot.listeners, bound, prepared.gateway, limits)
    except OperatorError:
        if addresses is not None:
            addresses.discard(bound)
        raise
    return Change(prepared, bound, readied)


def _check_doors(snapshot: Snapshot) -> None:
    """Refuse to serve everybody at an address that others can reach, however the snapshot came about."""
    for listener in snapshot.listeners:
        is_local = listener.unix is not None or is_loopback(listener.host)
        if not (snapshot.client_keys or snapshot.token_issuers or listener.allow_anonymous or is_local):
            msg = f"without client keys everybody could call: {listener.address} can be reached by others"
            raise OperatorError(msg)


def needing_restart(started: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Return the settings of ``now`` that differ from what the process was started with and cannot change."""
    before, after = ((snapshot.admin_unix, snapshot.admin_host, snapshot.admin_port) for snapshot in (started, now))
    return ("admin",) if before != after else ()


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

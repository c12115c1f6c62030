"""Connections to one backend: reuse, limits, and new ones when needed.

Reuse is last-in first-out, so that a quiet backend's spare connections grow old and are closed before the server closes
them. A connection that has idled a moment is looked at before use: when its peer has hung up, it is dropped and no byte
of the request has been sent, so taking another is no replay. Callers beyond the limit wait in order, up to a bound.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass

from penstock.core.errors import Overloaded, UpstreamUnreachable
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.deadlines import Deadlines
from penstock.transport.outbox import Outbox
from penstock.transport.resolver import Resolver

LOOK_BEFORE_USE_S = 0.5
SWEEP_INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """Where a backend is, and the bounds of its pool."""

    name: str
    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    connect_s: float = 10.0
    connections: int = 20_000
    waiting: int = 1_000
    wait_s: float = 30.0
    idle_connections: int = 256
    idle_s: float = 55.0
    max_head_bytes: int = 64 * 1024


class Pool:
    """The connections to one backend."""

    def __init__(
        self, settings: PoolSettings, loop: asyncio.AbstractEventLoop, deadlines: Deadlines, resolver: Resolver
    ) -> None:
        """Open nothing yet."""
        self.settings = settings
        self._loop = loop
        self._deadlines = deadlines
        self._outbox = Outbox(loop)
        self._resolver = resolver
        self._idle: list[tuple[UpstreamConnection, float]] = []
        self._open: set[UpstreamConnection] = set()
        self._connecting = 0
        self._waiters: deque[asyncio.Future[UpstreamConnection | None]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def idle(self) -> int:
        """Connections ready for use."""
        return len(self._idle)

    @property
    def busy(self) -> int:
        """Connections in use or being opened."""
        return len(self._open) - len(self._idle) + self._connecting

    def checkout_nowait(self) -> UpstreamConnection | None:
        """Return an idle connection that is still good, or None."""
        while self._idle:
            connection, since = self._idle.pop()
            rested = self._loop.time() - since >= LOOK_BEFORE_USE_S
            if not (connection.stale() if rested else connection.closed or connection.transport.is_closing()):
                return connection
            connection.close()
        return None

    async def checkout(self) -> UpstreamConnection:
        """Return an idle connection or open one, waiting for a place if need be.

        Raises:
            Overloaded: too many callers wait already, or this one has waited too long.
            UpstreamUnreachable: no connection can be opened.
        """
        waiting = self._loop.create_task(self._obtain())  # its waits have limits, which only a task can have
        try:
            connection = await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self.give_back(waiting.result())
            raise
        if connection.closed:  # in the turn between: nobody would hear of it any more
            raise self._closed_at_once()
        return connection

    async def _obtain(self) -> UpstreamConnection:
        while True:
            connection = self.checkout_nowait()
            if connection is not None:
                return connection
            if len(self._open) + self._connecting < self.settings.connections:
                return await self._connect()
            handed = await self._wait()
            if handed is not None and not handed.closed:
                return handed

    async def _wait(self) -> UpstreamConnection | None:
        """Wait for a connection to be handed over, or (None) for a place to open one."""
        if len(self._waiters) >= self.settings.waiting:
            raise self._overloaded()
        try:
            async with asyncio.timeout(self.settings.wait_s):
                return await self._stand_in_line()
        except TimeoutError as error:
            raise self._overloaded(waited_s=self.settings.wait_s) from error

    def _overloaded(self, waited_s: float = 0.0) -> Overloaded:
        more = f", and none came free within {waited_s:g} s" if waited_s else ""
        msg = f"All {self.settings.connections} connections to the backend '{self.settings.name}' are in use{more}."
        return Overloaded(msg, headers=(("retry-after", "1"),))

    async def _stand_in_line(self) -> UpstreamConnection | None:
        waiter: asyncio.Future[UpstreamConnection | None] = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.cancelled():
                handed = waiter.result()  # it was ours when the caller left: pass it on
                if handed is not None:
                    self.give_back(handed)
                else:
                    self._wake()
            raise

    async def _connect(self) -> UpstreamConnection:
        self._connecting += 1
        connection = None
        try:
            connection = await self._open_connection()
            if connection.closed:
                connection = None
                raise self._closed_at_once()
            self._open.add(connection)
            return connection
        finally:
            self._connecting -= 1
            if connection is None:
                self._wake()  # the place is free, also when the caller has left

    async def _open_connection(self) -> UpstreamConnection:
        settings = self.settings
        server_name = (settings.server_name or settings.host) if settings.tls else None
        problem, detail = "has no address", None
        try:
            async with asyncio.timeout(settings.connect_s):
                for address in await self._resolver.addresses(settings.host):
                    connection = UpstreamConnection(
                        settings.name,
                        self._loop,
                        self._deadlines,
                        outbox=self._outbox,
                        on_free=self._on_free,
                        max_head_bytes=settings.max_head_bytes,
                    )
                    try:
                        await connection.connect(address, settings.port, tls=settings.tls, server_name=server_name)
                    except ssl.SSLError as error:
                        problem, detail = f"cannot be trusted or does not speak TLS ({_tls_reason(error)})", str(error)
                    except ConnectionRefusedError as error:
                        problem, detail = "refused the connection", str(error)
                    except OSError as error:
                        problem, detail = "cannot be reached", str(error)
                    else:
                        return connection
        except TimeoutError:
            problem = f"did not accept a connection within {settings.connect_s:g} s"
        except OSError as error:
            problem, detail = "has a name that cannot be resolved", str(error)
        raise self._unreachable(problem, detail)

    def _closed_at_once(self) -> UpstreamUnreachable:
        return self._unreachable("closed the connection at once")

    def _unreachable(self, problem: str, detail: str | None = None) -> UpstreamUnreachable:
        return UpstreamUnreachable(f"The backend '{self.settings.name}' {problem}.", detail=detail)

    def _on_free(self, connection: UpstreamConnection, reusable: bool) -> None:
        """Take a connection back, or note that it is gone."""
        if not reusable:
            if connection in self._open:
                self._open.discard(connection)
                self._idle = [item for item in self._idle if item[0] is not connection]
                self._wake()
            return
        self._give(connection)

    def _give(self, connection: UpstreamConnection) -> None:
        """Hand a free connection to the first who waits, or keep it."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if self._closed or len(self._idle) >= self.settings.idle_connections:
            connection.close()
            return
        self._idle.append((connection, self._loop.time()))
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP_INTERVAL_S, self._sweep)

    def give_back(self, connection: UpstreamConnection) -> None:
        """Take back a connection that was checked out and not used."""
        if connection.closed:
            self._on_free(connection, False)
        else:
            self._give(connection)

    def _wake(self) -> None:
        """Let the first who waits try to open a connection."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _sweep(self) -> None:
        """Close connections that have idled for too long."""
        horizon = self._loop.time() - self.settings.idle_s
        old = [connection for connection, since in self._idle if since <= horizon]
        for connection in old:
            connection.close()
        self._idle = [item for item in self._idle if item[1] > horizon]
        self._sweeper = self._loop.call_later(SWEEP_INTERVAL_S, self._sweep) if self._idle else None

    def close(self) -> None:
        """Close idle connections now, and each busy one after its exchange."""
        self._closed = True
        for connection, _ in self._idle:
            connection.close()
        self._idle.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.partition(",")[0]  # behind a comma it names the address or host
    return str(error.reason or "handshake failed").lower().replace("_", " ")

"""An upstream over a real socket that plays a script, and a pool of connections to it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from penstock.core.errors import UpstreamFault
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.deadlines import Deadlines
from penstock.transport.pool import Pool, PoolSettings
from penstock.transport.resolver import Resolver
from penstock.transport.upstream_answer import ExchangeTimeouts
from tests.transport.driven_client import Taking

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TIMEOUTS = ExchangeTimeouts(first_byte_s=20, idle_s=20, total_s=40)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


class RawUpstream:
    """What a test sees of the upstream."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted = 0
        self.writers: list[asyncio.StreamWriter] = []


@asynccontextmanager
async def raw_upstream(play: Play, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawUpstream]:
    """Listen on a free loopback port; ``play`` is run for each connection, which is closed when it returns."""
    upstream = RawUpstream()
    tasks: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream.accepted += 1
        upstream.writers.append(writer)  # here, since a task that is cancelled before it begins closes nothing
        tasks.add(asyncio.get_running_loop().create_task(run(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        await asyncio.sleep(0)  # for who is being accepted
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in upstream.writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def answering(answer: bytes, *, times: int = 1_000_000) -> Play:
    """Answer each request alike, ``times`` times on a connection."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            await read_request(reader)
            writer.write(answer)

    return play


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off, so that the other end notices."""
    connected = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Asked(Taking):
    """An exchange that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._over = asyncio.Event()

    def on_end(self) -> None:
        super().on_end()
        self._over.set()

    def on_failure(self, error: UpstreamFault) -> None:
        super().on_failure(error)
        self._over.set()

    async def over(self) -> str:
        """Return how the exchange ended: ``end``, or the code of the error."""
        await self._over.wait()
        return self.ends[0]


class FixedResolver(Resolver):
    """Says what a test tells it to, and asks nobody."""

    def __init__(self, answer: list[str] | OSError) -> None:
        super().__init__(asyncio.get_running_loop(), 60)
        self._answer = answer

    async def addresses(self, host: str) -> list[str]:
        if isinstance(self._answer, OSError):
            raise self._answer
        return self._answer


@asynccontextmanager
async def pool_to(
    port: int, *, resolver: Resolver | None = None, settings: PoolSettings | None = None
) -> AsyncIterator[Pool]:
    """Yield a pool; afterwards no connection of it may be left."""
    loop = asyncio.get_running_loop()
    base = settings or PoolSettings(name="a-backend", host="127.0.0.1", port=0)
    pool = Pool(replace(base, port=port), loop, Deadlines(loop), resolver or Resolver(loop, 60))
    try:
        yield pool
    finally:
        pool.close()
        for connection in list(pool._open):
            connection.cancel()
        while pool.busy or pool.idle:
            await asyncio.sleep(0.001)


def ask_on(connection: UpstreamConnection, body: bytes = b"") -> Asked:
    """Send a request on a connection."""
    asked = Asked()
    head = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % len(body)
    connection.send([head, body], asked, TIMEOUTS)
    return asked


async def ask(pool: Pool, body: bytes = b"") -> Asked:
    """Send a request on a connection of the pool, and wait for the end of the exchange."""
    asked = ask_on(await pool.checkout(), body)
    await asked.over()
    return asked


def settings(**bounds: float) -> PoolSettings:
    return PoolSettings(name="a-backend", host="127.0.0.1", port=0, **bounds)  # type: ignore[arg-type]  # by name


async def settled(pool: Pool, *, idle: int, busy: int = 0) -> None:
    """Wait until the pool has as many connections as it must have in the end."""
    while (pool.idle, pool.busy) != (idle, busy):
        await asyncio.sleep(0.001)

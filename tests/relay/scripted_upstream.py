"""An upstream on a loopback socket that plays a script, and keeps every byte it received.

A script is a list of steps for one answer: bytes are sent as one piece, an event is waited for, an ending closes,
resets or holds the connection. After a script without an ending the connection takes the next request. Nothing here
knows a wire format.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")
BOUND_S = 10.0
"""No wait of a test is longer; a test that runs into it fails."""


class Ending(Enum):
    CLOSE = "close"
    RESET = "reset"
    HOLD = "say nothing more until the other side closes"


CLOSE, RESET, HOLD = Ending
Step = bytes | asyncio.Event | Ending
Script = Sequence[Step]


@dataclass(frozen=True)
class Received:
    """One request, byte for byte."""

    head: bytes
    """Request line and header lines, each with its line end, without the blank line."""
    body: bytes

    @property
    def lines(self) -> list[bytes]:
        return self.head.split(b"\r\n")[:-1]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        pairs = (line.split(b": ", 1) for line in self.lines[1:])
        return [(name, value) for name, value in pairs]

    def values(self, name: bytes) -> list[bytes]:
        return [value for found, value in self.headers if found == name]


class ScriptedUpstream:
    """What the tests see of the server: its port, what it received, how far its scripts got."""

    def __init__(self, answer: Callable[[int], Script]) -> None:
        """``answer`` gives the script for the n-th request, from 0."""
        self.answer = answer
        self.port = 0
        self.received: list[Received] = []
        self.accepted = 0
        self.sent_bytes = 0
        self.open: set[_Connection] = set()
        self.changed = asyncio.Event()

    @property
    def request(self) -> Received:
        """The only request that came."""
        assert len(self.received) == 1
        return self.received[0]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that happens here makes ``condition`` true."""
        async with asyncio.timeout(BOUND_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def until_left(self) -> None:
        """Wait until every connection is closed."""
        await self.until(lambda: not self.open)


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, upstream: ScriptedUpstream) -> None:
        self._upstream = upstream
        self._buffer = b""
        self._left = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._upstream.accepted += 1
        self._upstream.open.add(self)
        self._upstream.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._left.set()
        self._writable.set()
        self._upstream.open.discard(self)
        self._upstream.changed.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[: end + 2]
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        body = self._buffer[end + 4 : end + 4 + size]
        if len(body) < size:
            return
        self._buffer = self._buffer[end + 4 + size :]
        script = self._upstream.answer(len(self._upstream.received))
        self._upstream.received.append(Received(head, body))
        self._upstream.changed.set()
        self._task = asyncio.get_running_loop().create_task(self._play(script))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def _play(self, script: Script) -> None:
        for step in script:
            if self._left.is_set():
                return
            if isinstance(step, bytes):
                self.transport.write(step)
                await self._writable.wait()
                self._upstream.sent_bytes += len(step)
                await asyncio.sleep(0)
            elif isinstance(step, asyncio.Event):
                await step.wait()
            else:
                await self._end(step)

    async def _end(self, ending: Ending) -> None:
        if ending is CLOSE:
            self.transport.close()
        elif ending is RESET:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        await self._left.wait()

    async def stop(self) -> None:
        self.transport.abort()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def scripted_upstream(
    *answers: Script, answer: Callable[[int], Script] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedUpstream]:
    """Serve ``answers`` in order, the last one again and again; or what ``answer`` returns for the n-th request."""

    def in_order(number: int) -> Script:
        return answers[min(number, len(answers) - 1)]

    upstream = ScriptedUpstream(answer or in_order)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(upstream), "127.0.0.1", 0, ssl=tls)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for connection in list(upstream.open):
            await connection.stop()
        await server.wait_closed()


# --- answers


def answer_head(status: int = 200, *lines: str) -> bytes:
    """Render a status line and header lines, blank line included."""
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} Whatever", *lines, "")).encode("latin-1")


def json_answer(body: bytes, *lines: str, status: int = 200) -> Script:
    """Answer with a body of JSON and its length."""
    head = answer_head(status, "content-type: application/json", f"content-length: {len(body)}", *lines)
    return [head + body]


def chunk(piece: bytes) -> bytes:
    """Frame one chunk."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


LAST_CHUNK = b"0\r\n\r\n"


def event_stream(steps: Iterable[Step], *lines: str) -> Script:
    """Answer with a stream of events, each bytes step a chunk; the body is ended unless the last step is an ending."""
    head = answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked", *lines)
    script: list[Step] = [head, *(chunk(step) if isinstance(step, bytes) else step for step in steps)]
    if not isinstance(script[-1], Ending):
        script.append(LAST_CHUNK)
    return script

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench.caller import Answer, Caller

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _server(handler: Handler) -> AsyncIterator[int]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _answering(*answers: bytes, close: bool = False) -> Handler:
    """Answer one request after another of a connection, then close it if told to."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                writer.write(answer)
                await writer.drain()
            if not close:
                await reader.read()
        except (EOFError, OSError):
            pass
        finally:
            writer.close()

    return handle


FIXED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


async def test_answers_of_both_framings_come_whole_over_one_connection() -> None:
    async with _server(_answering(FIXED, CHUNKED)) as port:
        caller = Caller(port, "key")
        assert await caller.ask("/", b"x") == Answer(200, b"{}", whole=True)
        assert await caller.ask("/", b"x") == Answer(502, b"abcde", whole=True)
        await caller.close()


@pytest.mark.parametrize("answer", [FIXED[:-1], CHUNKED[:-4], CHUNKED[:-12]])
async def test_a_cut_answer_is_not_whole_and_the_next_one_uses_a_new_connection(answer: bytes) -> None:
    async with _server(_answering(answer, close=True)) as port:
        caller = Caller(port, "key")
        for _ in range(2):
            assert not (await caller.ask("/", b"x")).whole


async def test_a_connection_closed_before_the_answer_is_told() -> None:
    async with _server(_answering(close=True)) as port:
        with pytest.raises((EOFError, OSError)):
            await Caller(port, "key").ask("/", b"x")


async def test_a_caller_that_leaves_breaks_the_connection_off() -> None:
    broken = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FIXED)
        try:
            while await reader.read(1000):
                pass
        except ConnectionResetError:
            pass
        broken.set()
        writer.close()

    async with _server(handle) as port:
        await Caller(port, "key").leave("/", b"x", after_bytes=10)
        assert await asyncio.wait_for(broken.wait(), 10)

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import h11
import pytest

from penstock.simulator.pace import AT_ONCE, Pace
from penstock.simulator.performing import BATCH_BYTES, perform
from penstock.simulator.script import Cut, End, Head, Paced, Raw, Script, Send, Think, Wait, whole
from penstock.transport.server import Server, listen
from penstock.transport.server_request import ServerRequest
from tests.transport.driven_server import read_answers
from tests.transport.raw_client import connected
from tests.transport.recording_app import RecordingApp

CHUNKED = Head(200, ((b"content-type", b"text/event-stream"),))
ASK = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"


@asynccontextmanager
async def playing(script: Callable[[], Script], pace: Pace = AT_ONCE) -> AsyncIterator[Server]:
    """Serve one script, whatever is asked."""

    async def play(request: ServerRequest) -> None:
        await perform(script(), request, pace)

    server = await listen(RecordingApp(play), host="127.0.0.1", port=0)
    try:
        yield server
    finally:
        await server.drain(0)


async def play(script: Script, pace: Pace = AT_ONCE) -> bytes:
    """Return all the bytes that a caller gets."""
    async with playing(lambda: script, pace) as server, connected(server) as client:
        client.send(ASK)
        return await client.read_to_end()


def chunks_of(answer: bytes) -> list[bytes]:
    """Return the chunks of an answer, as they were framed."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(answer)
    chunks: list[bytes] = []
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Response | h11.Data)
        if isinstance(event, h11.Data):
            chunks += [b""] if event.chunk_start else []
            chunks[-1] += event.data
    return chunks


async def test_a_whole_answer_arrives_whole() -> None:
    assert list(read_answers(await play((Think(5), *whole(201, (), b"body"))))) == [(201, b"body")]


async def test_pieces_are_chunks_of_their_own() -> None:
    assert chunks_of(await play((CHUNKED, Send(b"one"), Wait(0.001), Send(b"two"), End()))) == [b"one", b"two"]


async def test_events_without_a_pace_are_sent_together_in_bounded_pieces() -> None:
    events = [b"%04d" % n * 256 for n in range(200)]
    chunks = chunks_of(await play((CHUNKED, Paced(iter(events)), End())))
    assert b"".join(chunks) == b"".join(events)
    assert 1 < len(chunks) < 20
    assert max(map(len, chunks)) < BATCH_BYTES + len(events[0])


async def test_paced_events_come_one_by_one_and_no_sooner_than_they_are_due() -> None:
    began_s = time.monotonic()
    chunks = chunks_of(await play((CHUNKED, Paced(iter([b"a", b"b", b"c"])), End()), Pace(0.05, 0.05)))
    assert time.monotonic() - began_s > 0.14
    assert b"".join(chunks) == b"abc"


async def test_what_is_overdue_goes_out_together() -> None:
    def late() -> Iterator[bytes]:
        yield b"first "
        time.sleep(0.2)  # the loop is late, as under load
        yield from (b"%d " % number for number in range(100))

    chunks = chunks_of(await play((CHUNKED, Paced(late()), End()), Pace(0.001, 0.001)))
    assert len(b"".join(chunks).split()) == 101
    assert len(chunks) <= 3


async def test_thinking_takes_as_long_as_the_tokens_need() -> None:
    began_s = time.monotonic()
    await play((Think(4), *whole(200, (), b"")), Pace(0.05, 0.05))
    assert time.monotonic() - began_s > 0.19


async def test_raw_bytes_have_no_framing() -> None:
    async with playing(lambda: (Raw(b"ICY 200"), Raw(b" OK\r\n"), Cut())) as server, connected(server) as client:
        client.send(ASK)
        assert await client.reader.readexactly(12) == b"ICY 200 OK\r\n"


async def test_a_cut_lets_out_what_was_written_and_looks_like_no_end() -> None:
    answer = await play((CHUNKED, Send(b"half"), Cut()))
    assert b"4\r\nhalf\r\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")


async def test_a_script_ends_when_the_caller_leaves() -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def play_for_long(request: ServerRequest) -> None:
        begun.set()
        try:
            await perform((CHUNKED, Send(b"x"), Wait(600)), request, AT_ONCE)
        except asyncio.CancelledError:
            left.set()
            raise

    server = await listen(RecordingApp(play_for_long), host="127.0.0.1", port=0)
    async with connected(server) as client:
        client.send(ASK)
        await begun.wait()
        client.reset()
        async with asyncio.timeout(30):
            await left.wait()
    await server.drain(0)
    assert left.is_set()


@pytest.mark.parametrize("chunks", [[b"x" * 5_000_000], [b"x" * 10_000] * 500])
async def test_a_slow_reader_gets_everything(chunks: list[bytes]) -> None:
    async with (
        playing(lambda: (CHUNKED, *map(Send, chunks), End())) as server,
        connected(server, receive_bytes=4096) as client,
    ):
        client.send(ASK)
        await asyncio.sleep(0.05)
        assert list(read_answers(await client.read_to_end())) == [(200, b"".join(chunks))]

"""What an upstream or a caller can make the gateway hold is bounded: bombs, slow readers, endless answers."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import brotli
import pytest

from penstock.relay.snapshot import Limits
from penstock.telemetry.process import resident_bytes
from tests.relay.conftest import both_loops
from tests.relay.plain_client import Caller, ask, call, render
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    Script,
    ScriptedUpstream,
    answer_head,
    chunk,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import Served, backend_at, served, served_before, snapshot_of

BODY = b'{"model":"gpt","messages":[]}'
STREAMED = b'{"model":"gpt","stream":true}'
MIB = 1024 * 1024
HELD_MIB = 40
"""More than the kernel's buffers of two loopback connections and ours together, and far less than what is sent."""


def bomb(compress: object) -> bytes:
    """Return 100 MiB in a few hundred kilobytes or less."""
    packer = zlib.compressobj(wbits=31 if compress is gzip else 15)
    return b"".join([packer.compress(b" " * MIB) for _ in range(100)]) + packer.flush()


BOMBS = {
    "gzip": bomb(gzip),
    "deflate": bomb(zlib),
    "br": brotli.compress(b" " * (100 * MIB), quality=1),
}


@pytest.mark.parametrize("coding", BOMBS)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_bomb_is_never_unpacked_whole(coding: str, status: int) -> None:
    script = json_answer(BOMBS[coding], f"content-encoding: {coding}", status=status)
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        before = resident_bytes()
        answered = await ask(gateway.url, BODY, headers={"accept-encoding": coding})
        assert resident_bytes() - before < 60 * MIB
    assert answered.whole
    assert answered.status in {status, 502}
    assert answered.body == BOMBS[coding] if answered.status == 200 else answered.error


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_in_a_stream_is_never_unpacked_whole(coding: str) -> None:
    head = answer_head(200, "content-type: text/event-stream", f"content-encoding: {coding}", "connection: close")
    async with scripted_upstream([head, BOMBS[coding], CLOSE]) as upstream, served_before(upstream) as gateway:
        before = resident_bytes()
        answered = await ask(gateway.url, STREAMED)
        assert resident_bytes() - before < 60 * MIB
    assert (answered.status, answered.error["code"]) == (502, "upstream_invalid")


async def until_still(upstream: ScriptedUpstream) -> int:
    """Wait until the upstream's sending stands still; return how many bytes were taken from it."""
    sent = -1
    while sent != upstream.sent_bytes or not sent:
        sent = upstream.sent_bytes
        await asyncio.sleep(0.25)
    return sent


async def stalled(gateway: Served, body: bytes) -> Caller:
    """Ask, and read nothing."""
    caller = await call(gateway.url)
    caller.writer.transport.pause_reading()  # type: ignore[attr-defined]  # the reader's side of the same socket
    caller.send(render(body))
    return caller


def long_answer(kind: str, pieces: int) -> Script:
    """Return ``pieces`` MiB in one of the ways that an answer can be framed."""
    piece = b"x" * MIB
    if kind == "length":
        start, end = b'{"choices":[],"x":"', b'"}'
        head = answer_head(200, "content-type: application/json", f"content-length: {pieces * MIB + len(start + end)}")
        return [head + start, *[piece] * pieces, end]
    if kind == "chunked":
        head = answer_head(200, "content-type: application/json", "transfer-encoding: chunked")
        return [head + chunk(b'{"choices":[],"x":"'), *[chunk(piece)] * pieces, chunk(b'"}') + LAST_CHUNK]
    head = answer_head(200, "content-type: application/json", "connection: close")
    return [head + b'{"choices":[],"x":"', *[piece] * pieces, b'"}', CLOSE]


@both_loops
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_slow_reader_of_a_long_answer_stops_the_upstream_and_gets_all_of_it(
    framing: str, tmp_path: Path
) -> None:
    async with scripted_upstream(long_answer(framing, 80)) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            before = resident_bytes()
            caller = await stalled(gateway, BODY)
            assert await until_still(upstream) < HELD_MIB * MIB
            assert resident_bytes() - before < (HELD_MIB + 20) * MIB
            [connection] = gateway.running.data.state.connections
            assert connection.transport.get_write_buffer_size() < 4 * MIB
            caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
            answered = await caller.answer()
            assert (answered.whole, len(answered.body)) == (True, 80 * MIB + 21)
            await caller.close()
            [line] = await gateway.log()
            assert (line["outcome"], line["response_bytes"]) == ("done", 80 * MIB + 21)


@both_loops
async def test_a_slow_reader_that_leaves_frees_the_upstream(tmp_path: Path) -> None:
    async with scripted_upstream(long_answer("chunked", 80)) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            caller = await stalled(gateway, BODY)
            await until_still(upstream)
            await caller.close()
            await upstream.until_left()
            await gateway.until_idle()
            [line] = await gateway.log()
    assert line["outcome"] == "cancelled"


@both_loops
async def test_an_upstream_that_breaks_while_its_reader_is_slow_is_seen_to_break(tmp_path: Path) -> None:
    script = [*long_answer("chunked", 20)[:-1], CLOSE]
    async with scripted_upstream(script) as upstream, served_before(upstream, log=tmp_path / "log") as gateway:
        caller = await stalled(gateway, BODY)
        await until_still(upstream)
        caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
        answered = await caller.answer()
        assert not answered.whole
        assert len(answered.body) == 20 * MIB + 19
        await caller.close()
        [line] = await gateway.log()
    assert (line["outcome"], line["error_code"]) == ("error", "upstream_broke_off")


async def test_an_event_without_end_is_not_held(tmp_path: Path) -> None:
    head = answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
    script: Script = [head, *[chunk(b"data: " + b"x" * MIB)] * 60, HOLD]
    async with scripted_upstream(script) as upstream:
        snapshot = snapshot_of(backend_at(upstream.port))
        listener = replace(snapshot.listener, limits=Limits(event_bytes=2 * MIB))
        async with served(replace(snapshot, listener=listener)) as gateway:
            before = resident_bytes()
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            total = 0
            while total < 59 * MIB:
                total += len(await caller.reader.read(MIB))
            assert resident_bytes() - before < 40 * MIB
            await caller.close()
            await upstream.until_left()

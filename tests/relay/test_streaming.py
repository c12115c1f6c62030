"""Streams: how each way to end looks to the caller and in the log, and what a slow or leaving caller does upstream."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.relay.snapshot import BackendTimeouts, Limits
from penstock.telemetry.process import resident_bytes
from penstock.wire.framing.sse import EventSplitter, event_data
from tests.relay.conftest import both_loops
from tests.relay.plain_client import Answered, call, render
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    Ending,
    Script,
    Step,
    answer_head,
    chunk,
    event_stream,
    scripted_upstream,
)
from tests.relay.served_gateway import Served, backend_at, eventually, served, served_before, snapshot_of

BODY = b'{"model":"gpt","messages":[],"stream":true}'
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
SHORT_WAITS = BackendTimeouts(first_byte_s=0.2, idle_s=0.2)


async def streamed(gateway: Served) -> Answered:
    caller = await call(gateway.url)
    caller.send(render(BODY))
    try:
        return await caller.answer()
    finally:
        await caller.close()


async def outcome(script: Script, folder: Path, **changes: Any) -> tuple[Answered, dict[str, Any]]:
    """Return what the caller got of a scripted stream, and its line of the log."""
    async with scripted_upstream(script) as upstream:
        folder.mkdir(exist_ok=True)
        async with served_before(upstream, log=folder / "log", **changes) as gateway:
            answered = await streamed(gateway)
            [line] = await gateway.log()
            await gateway.until_idle()
            return answered, line


def last_error(answered: Answered) -> dict[str, Any]:
    """Return the error object in the last event, which must be whole."""
    splitter = EventSplitter()
    _, blocks = splitter.feed(answered.body)
    assert not splitter.held
    data = event_data(blocks[-1])
    assert data is not None
    error = Answered(body=data).json["error"]
    assert isinstance(error, dict)
    return error


@both_loops
@pytest.mark.parametrize("held", [b"", TOKEN[:20], TOKEN[:-1]])
@pytest.mark.parametrize("ending", [CLOSE, RESET])
async def test_a_stream_that_is_cut_ends_in_an_error_event_and_a_broken_connection(
    held: bytes, ending: Ending, tmp_path: Path
) -> None:
    steps: list[Step] = [TOKEN, *([held] if held else []), ending]
    answered, line = await outcome(event_stream(steps), tmp_path)
    assert answered.status == 200
    assert not answered.whole
    assert answered.body.startswith(TOKEN + b'data: {"error"')
    assert last_error(answered)["code"] == "upstream_broke_off"
    assert (line["outcome"], line["error_code"], line["status"]) == ("error", "upstream_broke_off", 200)


@both_loops
async def test_a_stream_that_stalls_ends_in_an_error_event(tmp_path: Path) -> None:
    answered, line = await outcome(event_stream([TOKEN, HOLD]), tmp_path, timeouts=SHORT_WAITS)
    assert not answered.whole
    assert last_error(answered)["code"] == "upstream_timeout"
    assert line["error_code"] == "upstream_timeout"


async def test_a_stream_that_never_begins_is_an_ordinary_error(tmp_path: Path) -> None:
    answered, _ = await outcome([HOLD], tmp_path, timeouts=SHORT_WAITS)
    assert (answered.status, answered.error["code"]) == (504, "upstream_timeout")


async def test_a_malformed_event_is_not_passed_on(tmp_path: Path) -> None:
    answered, line = await outcome(event_stream([TOKEN, b'data: {"choices"\n\n', TOKEN, DONE]), tmp_path)
    assert not answered.whole
    assert answered.body.startswith(TOKEN + b'data: {"error"')
    assert last_error(answered)["code"] == "upstream_invalid"
    assert line["outcome"] == "error"


async def test_an_error_event_of_the_upstream_is_passed_on_and_nothing_clean_follows(tmp_path: Path) -> None:
    error = b'data: {"error":{"message":"too many","type":"t","code":"c"}}\n\n'
    answered, line = await outcome(event_stream([TOKEN, error]), tmp_path)
    assert not answered.whole
    assert answered.body == TOKEN + error
    assert line["outcome"] == "error"


async def test_a_finished_stream_without_its_last_event_is_completed(tmp_path: Path) -> None:
    answered, line = await outcome(event_stream([TOKEN, STOP]), tmp_path)
    assert answered.whole
    assert answered.body == TOKEN + STOP + DONE
    assert (line["outcome"], line["finish_reasons"], line["events"]) == ("done", ["stop"], 2)


@both_loops
async def test_a_stream_that_ends_before_its_answer_is_complete_is_broken(tmp_path: Path) -> None:
    answered, _ = await outcome(event_stream([TOKEN]), tmp_path)
    assert not answered.whole
    assert last_error(answered)["code"] == "upstream_broke_off"


@both_loops
async def test_what_comes_behind_the_end_is_not_passed_on(tmp_path: Path) -> None:
    answered, line = await outcome(event_stream([TOKEN, STOP, DONE, TOKEN]), tmp_path)
    assert answered.whole
    assert answered.body == TOKEN + STOP + DONE
    assert line["outcome"] == "done"


async def test_each_event_is_passed_on_when_it_comes() -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, STOP, DONE])) as upstream:
        async with served_before(upstream) as gateway:
            caller = await call(gateway.url)
            caller.send(render(BODY))
            assert (await caller.answer(until=TOKEN)).body == TOKEN
            more.set()
            assert (await caller.answer()).whole
            await caller.close()


@both_loops
@pytest.mark.parametrize("begun", [True, False])
async def test_a_caller_that_leaves_cancels_the_upstream_at_once(begun: bool, tmp_path: Path) -> None:
    script = event_stream([TOKEN, HOLD]) if begun else [HOLD]
    async with scripted_upstream(script) as upstream, served_before(upstream, log=tmp_path / "log") as gateway:
        caller = await call(gateway.url)
        caller.send(render(BODY))
        if begun:
            await caller.answer(until=TOKEN)
        else:
            await upstream.until(lambda: bool(upstream.received))
        await caller.close()
        await upstream.until_left()
        [line] = await gateway.log()
        await gateway.until_idle()
        samples = await gateway.metrics()
    assert (line["outcome"], line["status"]) == ("cancelled", 200 if begun else 499)
    assert samples["penstock_upstream_connections{backend=up,state=busy}"] == 0


@both_loops
async def test_a_slow_caller_pauses_the_upstream_and_nothing_piles_up() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"x" * 60_000)
    events = 1500
    script = [answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked")]
    script += [chunk(event)] * events
    script += [chunk(STOP), chunk(DONE), LAST_CHUNK]
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        before = resident_bytes()
        caller = await call(gateway.url)
        caller.send(render(BODY))
        sent = -1
        while sent != upstream.sent_bytes:  # until nothing moves any more
            sent = upstream.sent_bytes
            await asyncio.sleep(0.3)
        assert 0 < sent < events * len(event) / 2
        assert resident_bytes() - before < 40_000_000
        size, tail = 0, b""
        while not tail.endswith(LAST_CHUNK):
            piece = await caller.reader.read(1 << 20)
            size, tail = size + len(piece), (tail + piece)[-100:]
        assert size > events * len(event)
        assert DONE in tail
        await caller.close()
        await eventually(lambda: gateway.running.gateway.in_flight == 0)


LONG_EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"x" * 5000)


async def outcome_within(event_bytes: int, script: Script, folder: Path) -> tuple[Answered, dict[str, Any]]:
    async with scripted_upstream(script) as upstream:
        snapshot = snapshot_of(backend_at(upstream.port))
        listener = replace(snapshot.listener, limits=Limits(event_bytes=event_bytes))
        async with served(replace(snapshot, listener=listener), log=folder / "log") as gateway:
            answered = await streamed(gateway)
            [line] = await gateway.log()
            return answered, line


@pytest.mark.parametrize("cut", [10, 2000, 4990])
async def test_an_event_beyond_the_limit_is_passed_on_in_pieces(cut: int, tmp_path: Path) -> None:
    stream = TOKEN + LONG_EVENT + STOP
    at = len(TOKEN) + cut
    answered, line = await outcome_within(
        1000, event_stream([stream[:at], stream[at : at + 2000], stream[at + 2000 :], DONE]), tmp_path
    )
    assert (answered.whole, answered.body) == (True, stream + DONE)
    assert (line["outcome"], line["finish_reasons"]) == ("done", ["stop"])


async def test_the_rest_of_an_event_beyond_the_limit_is_not_taken_for_an_event(tmp_path: Path) -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"%bdata: image"}}]}\n\n' % (b"x" * 5000)
    at = event.index(b"data: image")
    answered, _ = await outcome_within(1000, event_stream([event[:at], event[at:], STOP, DONE]), tmp_path)
    assert (answered.whole, answered.body) == (True, event + STOP + DONE)


async def test_a_cut_inside_an_event_beyond_the_limit_still_ends_in_an_event_of_its_own(tmp_path: Path) -> None:
    answered, line = await outcome_within(1000, event_stream([TOKEN, LONG_EVENT[:2000], CLOSE]), tmp_path)
    assert not answered.whole
    assert answered.body.startswith(TOKEN + LONG_EVENT[:2000] + b"\n\n")
    assert last_error(answered)["code"] == line["error_code"] == "upstream_broke_off"


@both_loops
async def test_a_caller_of_http_1_0_gets_the_stream_until_the_end_of_the_connection() -> None:
    async with scripted_upstream(event_stream([TOKEN, STOP, DONE])) as upstream, served_before(upstream) as gateway:
        caller = await call(gateway.url)
        caller.send(render(BODY, version="1.0"))
        head, _, body = (await caller.until_closed()).partition(b"\r\n\r\n")
        await caller.close()
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body == TOKEN + STOP + DONE


@both_loops
async def test_a_caller_of_http_1_0_sees_that_its_stream_was_cut() -> None:
    async with scripted_upstream(event_stream([TOKEN, CLOSE])) as upstream, served_before(upstream) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.running.data.port)
        writer.write(render(BODY, version="1.0"))
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.transport.abort()


async def test_the_first_event_is_the_first_that_says_something(tmp_path: Path) -> None:
    script = event_stream([b": still thinking\n\n", TOKEN, CLOSE])
    _, line = await outcome(script, tmp_path)
    assert line["first_byte_ms"] <= line["first_event_ms"] <= line["duration_ms"]
    _, line = await outcome(event_stream([b": still thinking\n\n", CLOSE]), tmp_path / "other")
    assert "first_event_ms" not in line

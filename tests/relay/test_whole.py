"""Whole answers: held while they may still fail, passed on as they come when they are long."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from penstock.relay.whole import ERROR_BYTES, HELD_BYTES
from tests.relay.plain_client import ask, call, render
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    RESET,
    Ending,
    Script,
    answer_head,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import KEY, served_before

BODY = b'{"model":"gpt","messages":[]}'
STREAMED = b'{"model":"gpt","messages":[],"stream":true}'
LONG = b'{"choices":[{"finish_reason":"stop"}],"padding":"%b"}' % (b"x" * HELD_BYTES)
JSON_HEAD = "content-type: application/json"


@pytest.mark.parametrize("ending", [CLOSE, RESET])
@pytest.mark.parametrize("sent", [0, 10])
async def test_an_answer_that_breaks_off_is_a_clean_error(ending: Ending, sent: int) -> None:
    script: Script = [answer_head(200, JSON_HEAD, "content-length: 100") + b"{" * sent, ending]
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.error["code"]) == (502, "upstream_broke_off")


async def test_a_long_answer_that_breaks_off_is_visibly_broken(tmp_path: Path) -> None:
    script: Script = [answer_head(200, JSON_HEAD, f"content-length: {len(LONG)}"), LONG[:-1], CLOSE]
    async with scripted_upstream(script) as upstream, served_before(upstream, log=tmp_path / "log") as gateway:
        answered = await ask(gateway.url, BODY)
        [line] = await gateway.log()
    assert (answered.status, answered.whole) == (200, False)
    assert (line["outcome"], line["error_code"]) == ("error", "upstream_broke_off")


async def test_a_long_answer_is_passed_on_before_it_is_whole() -> None:
    more = asyncio.Event()
    head = answer_head(200, JSON_HEAD, f"content-length: {len(LONG)}")
    async with scripted_upstream([head, LONG[:-1], more, LONG[-1:]]) as upstream, served_before(upstream) as gateway:
        caller = await call(gateway.url)
        caller.send(render(BODY))
        assert (await caller.answer(until=b"xxx")).status == 200
        more.set()
        answered = await caller.answer()
        assert (answered.whole, answered.body) == (True, LONG)
        await caller.close()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"choices":'])
async def test_what_is_not_the_endpoints_json_is_no_success(body: bytes) -> None:
    async with scripted_upstream(json_answer(body)) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.error["code"]) == (502, "upstream_invalid")


@pytest.mark.parametrize("ending", [CLOSE, HOLD])
async def test_a_long_answer_to_a_request_for_a_stream_is_not_passed_on(ending: Ending) -> None:
    script: Script = [answer_head(200, JSON_HEAD, f"content-length: {len(LONG)}"), LONG[:-1], ending]
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, STREAMED)
        await upstream.until_left()
    assert answered.error["code"] == "upstream_invalid"
    assert "a request for a stream with a whole answer" in answered.error["message"]


async def test_the_tokens_of_a_whole_answer_to_a_request_for_a_stream_are_recorded(tmp_path: Path) -> None:
    body = b'{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":7}}'
    async with scripted_upstream(json_answer(body)) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            await ask(gateway.url, STREAMED)
            [line] = await gateway.log()
    assert (line["error_code"], line["usage"]) == ("upstream_invalid", {"input_tokens": 7})


async def test_an_error_that_tells_our_key_is_not_passed_on() -> None:
    body = b'{"error":{"message":"Incorrect API key provided: %b"}}' % KEY.encode()
    async with scripted_upstream(json_answer(body, status=400)) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, BODY)
    assert answered.status == 400
    assert KEY.encode() not in answered.body


async def test_a_refused_key_of_ours_is_not_the_callers_fault() -> None:
    async with scripted_upstream(json_answer(b"{}", status=401)) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.error["code"]) == (502, "upstream_credential_rejected")


@pytest.mark.parametrize("size", [ERROR_BYTES, ERROR_BYTES + 1])
async def test_a_huge_error_is_bounded(size: int) -> None:
    async with (
        scripted_upstream([*json_answer(b"x" * size, status=500)]) as upstream,
        served_before(upstream) as gateway,
    ):
        answered = await ask(gateway.url, BODY)
    assert answered.status == 500
    assert len(answered.body) < 5000
    assert answered.error["code"] == "upstream_error"


async def test_half_an_error_is_still_an_error() -> None:
    script: Script = [answer_head(429, JSON_HEAD, "content-length: 100", "retry-after: 9") + b'{"err', CLOSE]
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.header("retry-after")) == (429, "9")
    assert "status 429" in answered.error["message"]

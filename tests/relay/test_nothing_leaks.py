"""What an upstream repeats of us, and what a caller confides, does not come out where it must not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import (
    CLOSE,
    event_stream,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import KEY, served_before

BODY = b'{"model":"gpt","messages":[{"role":"user","content":"prompt-canary"}]}'
STREAMED = BODY[:-1] + b',"stream":true}'
ANSWER = b'{"choices":[{"finish_reason":"stop"}]}'
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
ECHO = b'{"error":{"message":"Bearer %b: prompt-canary","type":"t"}}' % KEY.encode()


def seen(answered: Answered) -> bytes:
    """Return everything that a caller got."""
    return b"".join(name + value for name, value in answered.headers) + answered.body


@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_headers_that_repeat_our_key_do_not_come_back(status: int) -> None:
    script = json_answer(ANSWER, f"authorization: Bearer {KEY}", f"x-request: key={KEY};", "x-fine: 1", status=status)
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, BODY)
    assert answered.status == status
    assert KEY.encode() not in seen(answered)
    assert answered.header("x-fine") == "1"


async def test_headers_of_a_stream_that_repeat_our_key_do_not_come_back() -> None:
    script = event_stream([TOKEN, b"data: [DONE]\n\n"], f"x-echo: {KEY}", "x-fine: 1")
    async with scripted_upstream(script) as upstream, served_before(upstream) as gateway:
        answered = await ask(gateway.url, STREAMED)
    assert KEY.encode() not in seen(answered)
    assert answered.header("x-fine") == "1"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 503])
@pytest.mark.parametrize("body", [ECHO, b"<p>" + ECHO, KEY.encode(), b'{"detail":[],"error":"%b"}' % KEY.encode()])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_an_error_that_repeats_our_key_does_not_come_back(
    status: int, body: bytes, coding: str, tmp_path: Path
) -> None:
    packed = gzip.compress(body) if coding == "gzip" else body
    script = json_answer(packed, f"content-encoding: {coding}", status=status)
    async with scripted_upstream(script) as upstream, served_before(upstream, log=tmp_path / "log") as gateway:
        answered = await ask(gateway.url, BODY)
        await gateway.log()
    assert answered.status == (502 if status in {200, 401} else status)
    assert answered.error
    assert KEY.encode() not in seen(answered)
    logged = (tmp_path / "log").read_text()
    assert KEY not in logged
    assert "prompt-canary" not in logged


async def test_what_an_error_event_says_is_not_logged(tmp_path: Path) -> None:
    event = b"data: " + ECHO.replace(KEY.encode(), b"") + b"\n\n"
    async with scripted_upstream(event_stream([TOKEN, event, CLOSE])) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            answered = await ask(gateway.url, STREAMED)
            [line] = await gateway.log()
    assert event in answered.body
    assert line["outcome"] == "error"
    assert "prompt-canary" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("begun", [True, False])
async def test_an_error_event_that_repeats_our_key_is_not_passed_on(begun: bool, tmp_path: Path) -> None:
    event = b"data: " + ECHO + b"\n\n"
    async with scripted_upstream(event_stream([*([TOKEN] if begun else []), event, CLOSE])) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            answered = await ask(gateway.url, STREAMED)
            await gateway.log()
    assert KEY.encode() not in answered.body
    assert b'{"error":{"message":"The backend \'up\' reported an error' in answered.body
    assert KEY not in (tmp_path / "log").read_text()


async def test_keys_in_a_query_and_in_headers_are_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with scripted_upstream(json_answer(ANSWER)) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            headers = {"x-api-key": "key-canary", "cookie": "key-canary", "user-agent": "key-canary"}
            for path in ("/v1/chat/completions", "/v1/models", "/v1/nowhere"):
                await ask(gateway.url, BODY, path=f"{path}?key=key-canary", headers=headers)
            await ask(gateway.url, BODY + b"key-canary", headers=headers)
            await gateway.log(4)
            metrics = await ask(gateway.running.admin_url, path="/metrics", method="GET")
    assert "key-canary" not in (tmp_path / "log").read_text() + metrics.body.decode() + caplog.text
    assert b"?key" not in upstream.request.head

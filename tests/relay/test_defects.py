"""A defect of ours ends one request, with an answer or a visible cut, and is logged; the gateway goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from penstock.relay import attempt
from penstock.relay.streaming import StreamRelay
from penstock.relay.whole import WholeRelay
from penstock.transport.pool import Pool
from tests.relay.conftest import both_loops
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import event_stream, json_answer, scripted_upstream
from tests.relay.served_gateway import served_before

BODY = b'{"model":"gpt","messages":[]}'
STREAMED = b'{"model":"gpt","stream":true}'
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'


def fail(*_args: object) -> NoReturn:
    raise RuntimeError("planted")


@both_loops
async def test_a_defect_before_the_answer_is_an_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_upstream(json_answer(b'{"choices":[]}')) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            with monkeypatch.context() as planted:
                planted.setattr(attempt, "_spliced", fail)
                answered = await ask(gateway.url, BODY)
            assert (answered.status, answered.error["code"]) == (500, "internal_error")
            assert "planted" not in answered.error["message"]
            assert (await ask(gateway.url, BODY)).status == 200
            failed, _ = await gateway.log(2)
            assert gateway.running.gateway.in_flight == 0
    assert (failed["outcome"], failed["error_code"], failed["fault"]) == ("error", "internal_error", "gateway")
    assert failed["request_id"] == answered.header("x-penstock-request-id")
    assert "planted" in caplog.text


@both_loops
async def test_shared_work_that_somebody_gives_up_leaves_no_request_without_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def shared(*_args: object) -> NoReturn:
        work = asyncio.ensure_future(asyncio.Event().wait())
        asyncio.get_running_loop().call_soon(work.cancel)
        await asyncio.shield(work)
        raise AssertionError

    async with scripted_upstream(json_answer(b'{"choices":[]}')) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            with monkeypatch.context() as planted:
                planted.setattr(Pool, "checkout_nowait", lambda _pool: None)
                planted.setattr(Pool, "checkout", shared)
                answered = await ask(gateway.url, BODY)
            assert (answered.status, answered.error["code"]) == (500, "internal_error")
            assert (await ask(gateway.url, BODY)).status == 200
            failed, _ = await gateway.log(2)
            assert gateway.running.gateway.in_flight == 0
    assert (failed["outcome"], failed["error_code"], failed["status"]) == ("error", "internal_error", 500)
    assert "waited for was given up" in caplog.text


@both_loops
@pytest.mark.parametrize("method", ["on_head", "on_data", "on_end"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_defect_while_an_answer_comes_ends_it_and_frees_everything(
    method: str, streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = event_stream([TOKEN]) if streamed else json_answer(b'{"choices":[]}')
    async with scripted_upstream(answer) as upstream, served_before(upstream, log=tmp_path / "log") as gateway:
        with monkeypatch.context() as planted:
            relay = StreamRelay if streamed else WholeRelay
            planted.setattr(attempt.Attempt if method == "on_head" else relay, method, fail)
            answered = await ask(gateway.url, STREAMED if streamed else BODY)
        begun = streamed and method == "on_end"
        assert answered.status == (200 if begun else 502)
        assert answered.whole != begun
        assert (await ask(gateway.url, BODY)).status == (200 if not streamed else 502)
        failed, _ = await gateway.log(2)
        assert failed["outcome"] == "error"
        assert gateway.running.gateway.in_flight == 0
        samples = await gateway.metrics()
    assert samples["penstock_upstream_connections{backend=up,state=busy}"] == 0
    assert "planted" in caplog.text

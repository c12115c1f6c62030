from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.app.serving import serving
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import AccessLog
from tests.relay.plain_client import ask, call, render
from tests.relay.scripted_upstream import HOLD, event_stream, scripted_upstream
from tests.relay.served_gateway import backend_at, served, snapshot_of

BOUND_S = 20


async def test_what_is_served_is_gone_after_the_context() -> None:
    async with serving(snapshot_of(backend_at(1)), grace_s=1) as running:
        assert (await ask(running.url, path="/v1/models", method="GET")).status == 200
        health = await ask(running.admin_url, path="/health", method="GET")
        assert json.loads(health.body)["status"] == "ok"
        port = running.data.port

    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", port)


async def test_admin_pages_are_not_on_the_data_port() -> None:
    async with serving(snapshot_of(backend_at(1)), grace_s=1) as running:
        assert (await ask(running.url, path="/metrics", method="GET")).status == 404
        assert (await ask(running.admin_url, path="/v1/models", method="GET")).status == 404


async def test_whatever_is_called_a_total_is_exposed_as_a_counter_and_nothing_else_is() -> None:
    async with serving(snapshot_of(backend_at(1)), grace_s=1) as running:
        await ask(running.url, b'{"model":"gpt"}')
        page = (await ask(running.admin_url, path="/metrics", method="GET")).body.decode()
    families = list(text_string_to_metric_families(page))
    assert len(families) > 10
    for family in families:
        totals = {sample.name.endswith("_total") for sample in family.samples}
        assert totals <= {family.type == "counter"}, family.name


async def test_a_taken_port_is_the_operators_error_and_leaves_nothing_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        snapshot = replace(snapshot_of(backend_at(1)), admin_port=taken.getsockname()[1])
        with pytest.raises(OperatorError, match=r"cannot listen on 127\.0\.0\.1:.*--admin"):
            async with serving(snapshot):
                pass


async def test_a_log_that_cannot_be_opened_is_the_operators_error(tmp_path: Path) -> None:
    snapshot = replace(snapshot_of(backend_at(1)), access_log=AccessLog(path=str(tmp_path / "no" / "log")))
    with pytest.raises(OperatorError, match="access log"):
        async with serving(snapshot):
            pass


TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
STREAMED = b'{"model":"gpt","stream":true}'


async def test_a_stream_finishes_within_the_grace_time_and_nobody_new_is_let_in(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        async with served(snapshot_of(backend_at(upstream.port)), log=tmp_path / "log", grace_s=BOUND_S) as gateway:
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)
            asyncio.get_running_loop().call_later(0.1, more.set)
        answered = await caller.answer()
        assert (answered.whole, answered.body) == (True, TOKEN + LAST)
        with pytest.raises(ConnectionRefusedError):
            await call(gateway.url)
        await caller.close()
    assert json.loads((tmp_path / "log").read_text())["outcome"] == "done"


async def test_a_stream_beyond_the_grace_time_is_cut_and_recorded(tmp_path: Path) -> None:
    async with scripted_upstream(event_stream([TOKEN, HOLD])) as upstream:
        async with served(snapshot_of(backend_at(upstream.port)), log=tmp_path / "log", grace_s=0.05) as gateway:
            callers = [await call(gateway.url) for _ in range(3)]
            for caller in callers:
                caller.send(render(STREAMED))
                await caller.answer(until=TOKEN)
        assert gateway.running.gateway.in_flight == 0
        for caller in callers:
            assert not (await caller.answer()).whole
            await caller.close()
        await upstream.until_left()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["cancelled"] * 3

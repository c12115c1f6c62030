"""The record of an exchange: log and metrics agree, and neither tells a secret or a prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from penstock.core.usage import Usage
from penstock.endpoints import all_endpoints
from penstock.relay.accounting import Accounting
from penstock.relay.exchange import Exchange
from penstock.relay.snapshot import Model, Target
from penstock.telemetry.metrics import read
from tests.relay.plain_client import ask, call, render
from tests.relay.scripted_upstream import CLOSE, HOLD, event_stream, json_answer, scripted_upstream
from tests.relay.served_gateway import KEY, backend_at, served_before

PROMPT = "prompt-canary-77"
CLIENT_KEY = "client-key-canary-42"
BODY = b'{"model":"gpt","messages":[{"role":"user","content":"%b"}]}' % PROMPT.encode()
USAGE = (
    b'"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16,"prompt_tokens_details":{"cached_tokens":4}}'
)
ANSWER = b'{"choices":[{"message":{"content":"answer-canary"},"finish_reason":"stop"}],%b}' % USAGE
WHERE = "backend=up,endpoint=chat_completions,model=gpt"


def requests(status: int, outcome: str, code: str = "") -> str:
    return (
        f"penstock_requests_total{{backend=up,code={code},endpoint=chat_completions,model=gpt"
        f",outcome={outcome},status={status}}}"
    )


async def test_log_and_metrics_agree_and_tell_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "log"
    scripts = [json_answer(ANSWER), [CLOSE], event_stream([b'data: {"choices":[]}\n\n', HOLD])]
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    async with scripted_upstream(*scripts) as upstream, served_before(upstream, log=path) as gateway:
        await ask(gateway.url, BODY, headers=headers)
        await ask(gateway.url, BODY, headers=headers)
        caller = await call(gateway.url)
        caller.send(render(BODY[:-1] + b',"stream":true}', headers=headers))
        await caller.answer(until=b"data")
        await caller.close()
        done, failed, left = await gateway.log(3)
        samples = await gateway.metrics()
        exposition = (await ask(gateway.running.admin_url, path="/metrics", method="GET")).body.decode()

    assert (done["outcome"], done["status"], done["usage"]["cached_input_tokens"]) == ("done", 200, 4)
    assert (done["request_bytes"], done["response_bytes"]) == (len(BODY), len(ANSWER))
    assert (done["endpoint"], done["model"], done["backend"], done["provider"], done["upstream_model"]) == (
        "chat_completions",
        "gpt",
        "up",
        "openai",
        "real",
    )
    assert (failed["outcome"], failed["status"], failed["error_code"], failed["fault"]) == (
        "error",
        502,
        "upstream_broke_off",
        "upstream",
    )
    assert (left["outcome"], left["stream"], left["events"]) == ("cancelled", True, 1)
    assert 0 <= left["first_byte_ms"] <= left["first_event_ms"] <= left["duration_ms"]
    assert len({line["request_id"] for line in (done, failed, left)}) == 3

    assert samples[requests(200, "done")] == 1
    assert samples[requests(502, "error", "upstream_broke_off")] == 1
    assert samples[requests(200, "cancelled")] == 1
    assert samples[f"penstock_tokens_total{{{WHERE},type=input}}"] == done["usage"]["input_tokens"] == 11
    assert samples[f"penstock_tokens_total{{{WHERE},type=cached_input}}"] == 4
    assert samples[f"penstock_tokens_total{{{WHERE},type=output}}"] == 5
    assert samples[f"penstock_request_duration_seconds_count{{{WHERE}}}"] == 3
    assert samples[f"penstock_time_to_first_event_seconds_count{{{WHERE}}}"] == 1
    for canary in (PROMPT, KEY, CLIENT_KEY, "answer-canary"):
        assert canary not in path.read_text()
        assert canary not in exposition


async def test_an_answer_without_usage_is_counted_as_unreported(tmp_path: Path) -> None:
    async with scripted_upstream(json_answer(b'{"choices":[]}')) as upstream, served_before(upstream) as gateway:
        await ask(gateway.url, BODY)
        await gateway.until_idle()
        samples = await gateway.metrics()
    assert samples[f"penstock_usage_unreported_total{{{WHERE}}}"] == 1


async def test_what_callers_make_up_is_no_label(tmp_path: Path) -> None:
    async with scripted_upstream(json_answer(b"{}")) as upstream:
        async with served_before(upstream, log=tmp_path / "log") as gateway:
            await ask(gateway.url, b'{"model":"made-up-name"}')
            await ask(gateway.url, b"{}", path="/made-up-path")
            lines = await gateway.log(2)
            samples = await gateway.metrics()
    assert not [name for name in samples if "made-up" in name]
    assert [(line["error_code"], line["fault"]) for line in lines] == [
        ("model_not_found", "client"),
        ("unknown_path", "client"),
    ]
    assert sum(value for name, value in samples.items() if name.startswith("penstock_requests_total")) == 2


def test_many_answers_are_counted_as_each_would_be() -> None:
    answers = 4203
    accounting = Accounting(None, lambda: 0.0)
    target = Target(backend=backend_at(1), model="m")
    model = Model(name="gpt", targets=(target,), owned_by="us", created=1)
    counted = []
    for number in range(answers):
        exchange = Exchange(cast(Any, None), 0.0)
        exchange.endpoint, exchange.model, exchange.target = all_endpoints()["/v1/chat/completions"], model, target
        exchange.status, exchange.usage = 200, Usage(input_tokens=number, output_tokens=None if number % 3 else 1)
        accounting.record(exchange, number / 1000)
        if number in {0, 700}:
            list(accounting.families())  # somebody looks between
        counted.append(number)
    readings = {reading.name: reading for reading in read(accounting.families())}
    labels = ("chat_completions", "gpt", "up")
    tokens = dict(readings["penstock_tokens_total"].numbers)
    assert tokens[(*labels, "input")] == sum(counted)
    assert tokens[(*labels, "output")] == len(counted[::3])
    (durations,) = [each for at, each in readings["penstock_request_duration_seconds"].buckets if at == labels]
    assert sum(durations.counts) == answers
    assert durations.total == pytest.approx(sum(counted) / 1000)

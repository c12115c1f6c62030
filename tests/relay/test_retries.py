"""Another target is tried as long as the caller has nothing of an answer."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.relay.snapshot import BackendTimeouts, Model, Retry, Target
from tests.relay.plain_client import ask, call, render
from tests.relay.scripted_upstream import (
    CLOSE,
    HOLD,
    RESET,
    Script,
    ScriptedUpstream,
    answer_head,
    chunk,
    json_answer,
    scripted_upstream,
)
from tests.relay.served_gateway import Served, backend_at, served, snapshot_of

BODY = b'{"model":"gpt","messages":[]}'
GOOD = json_answer(b'{"choices":[],"model":"spare"}')
QUICK = Retry(backoff_s=0.001, backoff_max_s=0.001)


@asynccontextmanager
async def gateway_before(
    *scripts: Script | None, log: Path | None = None, retry: Retry = QUICK, priorities: bool = True, **changes: Any
) -> AsyncIterator[tuple[Served, list[ScriptedUpstream | None]]]:
    """Serve ``gpt`` from one upstream for each script, tried in this order; None is an address where nobody listens."""
    async with AsyncExitStack() as stack:
        upstreams: list[ScriptedUpstream | None] = []
        backends = []
        for number, script in enumerate(scripts):
            upstream = None if script is None else await stack.enter_async_context(scripted_upstream(script))
            upstreams.append(upstream)
            port = 9 if upstream is None else upstream.port
            backends.append(backend_at(port, name=f"up{number}", **changes))
        targets = tuple(
            Target(backend=backend, model=None, priority=number if priorities else 0)
            for number, backend in enumerate(backends)
        )
        snapshot = snapshot_of(*backends)
        model = Model(name="gpt", targets=targets, owned_by="us", created=1, retry=retry)
        gateway = await stack.enter_async_context(served(replace(snapshot, models={"gpt": model}), log=log))
        yield gateway, upstreams


FAILURES: dict[str, Script | None] = {
    "nobody listens": None,
    "reset": [RESET],
    "closed": [CLOSE],
    "429": json_answer(b'{"error":{"message":"slow down"}}', status=429),
    "500": json_answer(b'{"error":{"message":"oops"}}', status=500),
    "503 that breaks off": [answer_head(503, "content-length: 100"), b"half", CLOSE],
    "529 without a body": json_answer(b"", status=529),
    "key refused": json_answer(b"{}", status=401),
    "not JSON": json_answer(b"<html>"),
    "half an answer": [answer_head(200, "content-type: application/json", "content-length: 100"), b"{", CLOSE],
    "a redirect": [answer_head(307, "location: http://127.0.0.1:9/", "content-length: 0")],
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_the_next_target_answers_when_one_fails(failure: Script | None, tmp_path: Path) -> None:
    async with gateway_before(failure, GOOD, log=tmp_path / "log") as (gateway, upstreams):
        answered = await ask(gateway.url, BODY)
        (line,) = await gateway.log()
        samples = await gateway.metrics()

    assert (answered.status, json.loads(answered.body)["model"]) == (200, "spare")
    assert answered.header("x-penstock-backend") == "up1"
    assert answered.header("x-penstock-attempts") == "2"
    assert upstreams[1] is not None
    assert upstreams[1].request.body == BODY
    assert (line["backend"], line["status"], line["outcome"]) == ("up1", 200, "done")
    ((backend, code),) = line["failed_attempts"]
    assert backend == "up0"
    labels = f"backend=up0,code={code},endpoint=chat_completions,model=gpt"
    assert samples[f"penstock_failed_attempts_total{{{labels}}}"] == 1


async def test_a_silent_target_gives_way() -> None:
    timeouts = BackendTimeouts(first_byte_s=0.2)
    async with gateway_before([HOLD], GOOD, timeouts=timeouts) as (gateway, _):
        assert (await ask(gateway.url, BODY)).status == 200


async def test_a_stream_that_breaks_before_its_first_event_goes_elsewhere() -> None:
    broken: Script = [answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked"), CLOSE]
    event = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    whole: Script = [
        answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked") + chunk(event) + b"0\r\n\r\n"
    ]
    async with gateway_before(broken, whole) as (gateway, _):
        answered = await ask(gateway.url, b'{"model":"gpt","stream":true}')
    assert (answered.status, answered.body) == (200, event)


async def test_nothing_is_tried_again_once_the_caller_has_a_part_of_an_answer() -> None:
    event = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
    head = answer_head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
    async with gateway_before([head + chunk(event), CLOSE], GOOD) as (gateway, upstreams):
        answered = await ask(gateway.url, b'{"model":"gpt","stream":true}')
    assert answered.body.startswith(event)
    assert b"upstream_broke_off" in answered.body
    assert upstreams[1] is not None
    assert not upstreams[1].received


async def test_the_last_targets_own_error_is_what_the_caller_sees() -> None:
    last = json_answer(b'{"error":{"message":"slow down"}}', "retry-after: 7", status=429)
    async with gateway_before(None, last) as (gateway, _):
        answered = await ask(gateway.url, BODY)
    assert (answered.status, answered.header("retry-after")) == (429, "7")
    assert json.loads(answered.body)["error"]["message"] == "slow down"


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_what_is_the_callers_fault_is_not_tried_elsewhere(status: int) -> None:
    async with gateway_before(json_answer(b'{"error":{"message":"bad"}}', status=status), GOOD) as (gateway, upstreams):
        assert (await ask(gateway.url, BODY)).status == status
    assert upstreams[1] is not None
    assert not upstreams[1].received


async def test_an_only_target_is_told_as_it_is_and_not_asked_twice() -> None:
    async with gateway_before(json_answer(b'{"error":{"message":"oops"}}', status=500)) as (gateway, upstreams):
        assert (await ask(gateway.url, BODY)).status == 500
    assert upstreams[0] is not None
    assert len(upstreams[0].received) == 1


async def test_attempts_that_are_asked_for_go_round() -> None:
    bad, good = json_answer(b"{}", status=503), GOOD
    async with scripted_upstream(bad, bad, good) as upstream:
        snapshot = snapshot_of(backend_at(upstream.port))
        model = replace(snapshot.models["gpt"], retry=replace(QUICK, attempts=3))
        async with served(replace(snapshot, models={"gpt": model})) as gateway:
            answered = await ask(gateway.url, BODY)
    assert answered.status == 200
    assert answered.header("x-penstock-attempts") == "3"


async def test_statuses_may_be_chosen() -> None:
    retry = replace(QUICK, statuses=frozenset({418}))
    async with gateway_before(json_answer(b"{}", status=418), GOOD, retry=retry) as (gateway, _):
        assert (await ask(gateway.url, BODY)).status == 200


async def test_equals_share_the_requests() -> None:
    async with gateway_before(GOOD, GOOD, priorities=False) as (gateway, _):
        seen = {(await ask(gateway.url, BODY)).header("x-penstock-backend") for _ in range(40)}
    assert seen == {"up0", "up1"}


@pytest.mark.parametrize(("attempts", "tries"), [(4, [2, 2]), (5, [3, 2]), (3, [2, 1])])
async def test_a_priority_has_so_many_tries_before_the_next(attempts: int, tries: list[int]) -> None:
    failing = json_answer(b"{}", status=503)
    retry = replace(QUICK, attempts=attempts, per_priority=2)
    async with gateway_before(failing, failing, retry=retry) as (gateway, upstreams):
        assert (await ask(gateway.url, BODY)).status == 503
    assert [len(upstream.received) for upstream in upstreams if upstream] == tries


async def test_an_only_target_has_the_tries_of_its_priority() -> None:
    async with gateway_before(json_answer(b"{}", status=503), retry=replace(QUICK, per_priority=3)) as (
        gateway,
        upstreams,
    ):
        assert (await ask(gateway.url, BODY)).status == 503
    (upstream,) = upstreams
    assert upstream is not None
    assert len(upstream.received) == 3


@pytest.mark.parametrize(
    "goodbye",
    [b"", b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"],
    ids=["end", "408"],
)
async def test_a_request_that_finds_its_connection_ended_before_it_was_sent_takes_another(goodbye: bytes) -> None:
    async with gateway_before(GOOD) as (gateway, (upstream,)):
        assert upstream is not None
        caller = await call(gateway.url)
        caller.send(render(BODY))
        assert (await caller.answer()).status == 200
        (connection,) = upstream.open
        with (
            socket.socket(fileno=os.dup(caller.writer.get_extra_info("socket").fileno())) as ours,
            socket.socket(fileno=os.dup(connection.transport.get_extra_info("socket").fileno())) as theirs,
        ):
            ours.send(render(BODY))  # both are there when the gateway looks next, in this order
            theirs.send(goodbye)
            theirs.shutdown(socket.SHUT_WR)
            answered = await caller.answer()
        await caller.close()

    assert answered.status == 200
    assert (upstream.accepted, len(upstream.received)) == (2, 2), "nothing was sent twice"

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock.providers import all_providers
from penstock.relay.snapshot import Target
from penstock.relay.whole import WholeRelay
from penstock.transport.client_protocol import UpstreamConnection
from tests.relay.plain_client import Answered, ask, call, render
from tests.relay.scripted_upstream import Received, Script, json_answer, scripted_upstream
from tests.relay.served_gateway import backend_at, eventually, served, served_before, snapshot_of

WHOLE = json_answer(b'{"choices":[]}')


async def attempted(
    body: bytes, *, script: Script = WHOLE, upstream_model: str | None = None, **request: Any
) -> tuple[Answered, list[Received]]:
    """Ask once; return the answer and what the upstream received."""
    async with scripted_upstream(script) as upstream:
        snapshot = snapshot_of(backend_at(upstream.port), models={"gpt": upstream_model})
        async with served(snapshot) as gateway:
            answered = await ask(gateway.url, body, **request)
            return answered, upstream.received


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_and_its_address_not_told(status: int) -> None:
    script = [b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:9/secret\r\nContent-Length: 0\r\n\r\n" % status]
    answered, received = await attempted(b'{"model":"gpt"}', script=script)

    assert (answered.status, json.loads(answered.body)["error"]["code"]) == (502, "upstream_invalid")
    assert b"secret" not in answered.body
    assert len(received) == 1


async def test_the_body_goes_up_untouched_when_nothing_must_change() -> None:
    body = b' {"x" : 1.50,\t"model":"gpt", "y":[1e3 ]}\n'
    _, received = await attempted(body)
    assert received[0].body == body


async def test_only_the_model_is_spliced() -> None:
    _, received = await attempted(b' {"x" : 1.50,\t"model": "gpt" , "y":[1e3 ]}\n', upstream_model="real/1")
    assert received[0].body == b' {"x" : 1.50,\t"model": "real/1" , "y":[1e3 ]}\n'


async def test_a_large_body_is_spliced_alike() -> None:
    text = json.dumps("long “text”\n" * 20_000).encode()
    _, received = await attempted(b'{"messages":' + text + b',"model":"gpt"}', upstream_model="real")
    assert received[0].body == b'{"messages":' + text + b',"model":"real"}'


async def test_a_stream_is_asked_for_its_usage_and_without_compression() -> None:
    _, received = await attempted(b'{"model":"gpt","stream":true}', headers=[("accept-encoding", "gzip, br")])

    assert json.loads(received[0].body)["stream_options"] == {"include_usage": True}
    assert received[0].values(b"accept-encoding") == [b"identity"]


async def test_a_whole_answer_may_come_in_codings_that_can_be_read() -> None:
    _, received = await attempted(b'{"model":"gpt"}', headers=[("accept-encoding", "zstd, gzip;q=0.5, br")])
    assert received[0].values(b"accept-encoding") == [b"gzip;q=0.5, br"]


@pytest.mark.asyncio(loop_factories=["asyncio"])  # where a lost connection is told before the task goes on
async def test_a_caller_that_leaves_as_the_answer_comes_does_not_cut_the_next_user_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[UpstreamConnection] = []
    on_end = WholeRelay.on_end

    def leave_and_end(relay: WholeRelay) -> None:
        for connection in gateway.running.data.state.connections:
            connection.transport.abort()
        on_end(relay)
        free = gateway.running.gateway._clients["up"].pool.checkout_nowait()
        assert free is not None
        taken.append(free)

    monkeypatch.setattr(WholeRelay, "on_end", leave_and_end)
    async with scripted_upstream(json_answer(b"[]")) as upstream, served_before(upstream) as gateway:
        caller = await call(gateway.url)
        caller.send(render(b'{"model":"gpt"}'))
        await eventually(lambda: bool(taken))
        await gateway.until_idle()
        cut = taken[0].closed
        taken[0].close()
        await caller.close()
    assert not cut


async def test_a_header_that_the_operator_sets_is_not_the_callers_to_set() -> None:
    async with scripted_upstream(WHOLE) as upstream:
        backend = backend_at(upstream.port, headers={"OpenAI-Organization": "org-ours", "X-Team": "water"})
        async with served(snapshot_of(backend)) as gateway:
            headers = [("openai-organization", "org-theirs"), ("X-TEAM", "fire"), ("x-other", "1")]
            await ask(gateway.url, b'{"model":"gpt"}', headers=headers)
    assert upstream.request.values(b"openai-organization") == [b"org-ours"]
    assert upstream.request.values(b"x-team") == [b"water"]
    assert upstream.request.values(b"x-other") == [b"1"]


async def test_two_backends_are_each_sent_their_own_headers_over_one_connection_of_a_caller() -> None:
    async with scripted_upstream(WHOLE) as first, scripted_upstream(WHOLE) as second:
        ours = backend_at(first.port, name="first", headers={"x-team": "water"})
        snapshot = snapshot_of(ours, backend_at(second.port, name="second"))
        model = replace(snapshot.models["gpt"], targets=(Target(backend=snapshot.backends["second"], model="real"),))
        async with served(replace(snapshot, models={**snapshot.models, "two": model})) as gateway:
            caller = await call(gateway.url)
            for name in (b"gpt", b"two", b"gpt"):
                caller.send(render(b'{"model":"%b"}' % name, headers={"x-team": "fire"}))
                assert (await caller.answer()).status == 200
            await caller.close()
    assert [request.values(b"x-team") for request in first.received] == [[b"water"], [b"water"]]
    assert second.request.values(b"x-team") == [b"fire"]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_what_another_vendor_left_in_a_conversation_does_not_reach_anthropic(path: str) -> None:
    signed = b'{"type":"text","text":"Ho","extra_content":{"google":{"thought_signature":"c2ln"}}}'
    body = b'{"model":"gpt","max_tokens":9,"messages":[{"role":"assistant","content":[%b]}]}'
    anthropic = all_providers()["anthropic"]
    async with scripted_upstream(json_answer(b'{"input_tokens":5,"content":[]}')) as upstream:
        async with served_before(upstream, provider=anthropic) as gateway:
            answered = await ask(gateway.url, body % signed, path=path)

    assert upstream.request.body == (body % b'{"type":"text","text":"Ho"}').replace(b"gpt", b"real")
    assert dict(answered.headers)[b"x-penstock-losses"] == b"dropped $.messages[0].content[0].extra_content"

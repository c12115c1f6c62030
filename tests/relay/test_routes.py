"""Routes: which rule serves a request, and what it changes; from the configuration file to the upstream's bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.config.native_yaml import load_files
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import HOLD, Script, ScriptedUpstream, json_answer, scripted_upstream
from tests.relay.served_gateway import Served, served

GOOD = json_answer(b'{"choices":[]}')


@asynccontextmanager
async def gateway(
    tmp_path: Path, script: Script = GOOD, *, backend: dict[str, Any] | None = None, **document: Any
) -> AsyncIterator[tuple[Served, ScriptedUpstream]]:
    """Serve a configuration whose backend ``up`` is a scripted upstream."""
    async with scripted_upstream(script) as upstream:
        path = tmp_path / "c.yaml"
        own = {"provider": "openai", "base_url": f"http://127.0.0.1:{upstream.port}/v1", "api_key": "sk-up"}
        text = yaml.safe_dump({"backends": {"up": {**own, **(backend or {})}}, "access_log": "off", **document})
        path.write_text(text, encoding="utf-8")
        snapshot = load_files([str(path)], {}).snapshot
        free = replace(snapshot, listener=replace(snapshot.listener, port=0), admin_port=0)
        async with served(free, log=tmp_path / "log") as running:
            yield running, upstream


def rule(**more: Any) -> dict[str, Any]:
    return {"targets": ["up"], **more}


def routes(*rules: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "r", "rules": list(rules), **more}]


def body(model: str = "m") -> bytes:
    return json.dumps({"model": model, "messages": []}).encode()


async def test_headers_hosts_and_names_decide(tmp_path: Path) -> None:
    document = routes(
        rule(match=[{"model": "m"}], targets=["up/plain"]),
        rule(match=[{"model": "m", "headers": {"X-Tier": "gold"}}], targets=["up/gold"]),
        rule(match=[{"model_regex": "gpt-.*"}], targets=["up/any-gpt"]),
    )
    scoped = {"name": "s", "hostnames": ["*.a.example"], "rules": [rule(match=[{"model": "m"}], targets=["up/scoped"])]}
    async with gateway(tmp_path, routes=[*document, scoped]) as (running, upstream):
        for model, headers in [
            ("m", []),
            ("m", [("x-tier", "gold")]),
            ("gpt-9", []),
            ("m", [("host", "x.a.example"), ("x-tier", "gold")]),
        ]:
            assert (await ask(running.url, body(model), headers=headers)).status == 200
        missing = await ask(running.url, body("nope"))
        log = await running.log(5)
    assert [json.loads(each.body)["model"] for each in upstream.received] == ["plain", "gold", "any-gpt", "scoped"]
    assert (missing.status, missing.error["code"]) == (404, "model_not_found")
    assert [line.get("model") for line in log] == ["m", "m", "r/2", "m", None]


async def test_models_of_routes_are_listed_where_they_are_served(tmp_path: Path) -> None:
    document = [
        *routes(rule(match=[{"model": "everywhere"}, {"model_regex": "x.*"}], owned_by="us", created=7)),
        {"name": "s", "hostnames": ["a.example"], "rules": [rule(match=[{"model": "scoped"}])]},
    ]
    async with gateway(tmp_path, routes=document, models={"plain": "up"}) as (running, _):
        listed = await ask(running.url, path="/v1/models", method="GET")
        scoped = await ask(running.url, path="/v1/models", method="GET", headers=[("host", "A.example:1975")])
    assert [(each["id"], each["owned_by"], each["created"]) for each in listed.json["data"]] == [
        ("everywhere", "us", 7),
        ("plain", "openai", 0),
    ]
    assert [each["id"] for each in scoped.json["data"]] == ["everywhere", "scoped", "plain"]


async def test_requests_are_changed_as_the_operator_wants(tmp_path: Path) -> None:
    target = {
        "backend": "up",
        "set_headers": {"X-Set": "rule", "authorization": "forged"},
        "remove_headers": ["x-gone"],
        "set_body": {"service_tier": "flex", "n": 2},
        "remove_body": ["user"],
    }
    backend = {"remove_headers": ["x-also-gone"], "set_body": {"service_tier": "default", "store": False}}
    sent = b'{"model":"m", "user":"u", "n":1, "x":1.50}'
    headers = [("x-set", "caller"), ("x-gone", "1"), ("x-also-gone", "1"), ("x-stays", "1")]
    async with gateway(tmp_path, backend=backend, routes=routes(rule(targets=[target]))) as (running, upstream):
        assert (await ask(running.url, sent, headers=headers)).status == 200

    received = upstream.request
    assert received.body == b'{"model":"m", "n":2, "x":1.50,"service_tier":"flex","store":false}'
    assert received.values(b"x-set") == [b"rule"]
    assert received.values(b"authorization") == [b"Bearer sk-up"]
    assert received.values(b"x-stays") == [b"1"]
    assert not received.values(b"x-gone")
    assert not received.values(b"x-also-gone")


async def test_a_translated_request_is_changed_as_the_provider_gets_it(tmp_path: Path) -> None:
    answer = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "c",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    target = {"backend": "up", "set_body": {"top_k": 5}, "remove_body": ["temperature"]}
    sent = b'{"model":"m","temperature":0.5,"messages":[{"role":"user","content":"Hi"}]}'
    script = json_answer(json.dumps(answer).encode())
    document = routes(rule(targets=[target]))
    async with gateway(tmp_path, script, backend={"provider": "anthropic"}, routes=document) as (running, upstream):
        assert (await ask(running.url, sent)).status == 200
    received = json.loads(upstream.request.body)
    assert received["top_k"] == 5
    assert "temperature" not in received


@pytest.mark.parametrize("timeouts", [{"attempt_s": 0.2}, {"total_s": 0.2}])
async def test_a_rule_waits_as_long_as_it_says(timeouts: dict[str, float], tmp_path: Path) -> None:
    document = routes(rule(timeouts=timeouts))
    async with gateway(tmp_path, [HOLD], routes=document) as (running, _):
        answered = await ask(running.url, body())
    assert (answered.status, answered.error["code"]) == (504, "upstream_timeout")


async def test_attempts_share_the_time_of_their_rule(tmp_path: Path) -> None:
    document = routes(rule(timeouts={"total_s": 1.5, "attempt_s": 0.2}, retry={"attempts": 50, "backoff_s": 0.01}))
    async with gateway(tmp_path, [HOLD], routes=document) as (running, upstream):
        answered = await ask(running.url, body())
    assert (answered.status, answered.error["code"]) == (504, "upstream_timeout")
    assert 2 <= len(upstream.received) <= 8


async def test_a_rule_chooses_what_is_tried_again(tmp_path: Path) -> None:
    document = routes(rule(timeouts={"attempt_s": 0.1}, retry={"attempts": 3, "on": ["reset"]}))
    async with gateway(tmp_path, [HOLD], routes=document) as (running, upstream):
        assert (await ask(running.url, body())).status == 504
    assert len(upstream.received) == 1


@pytest.mark.parametrize(
    ("provider", "name", "value"),
    [
        ("openai", b"authorization", b"Bearer %b"),
        ("azure-openai", b"api-key", b"%b"),
        ("anthropic", b"x-api-key", b"%b"),
    ],
)
@pytest.mark.parametrize("brings", [True, False])
async def test_a_caller_may_bring_its_own_key(
    provider: str, name: bytes, value: bytes, brings: bool, tmp_path: Path
) -> None:
    backend = {"provider": provider, "credential_override": {"header": "X-Aigw-Key"}}
    headers = [("x-aigw-key", "sk-callers-own")] if brings else []
    async with gateway(tmp_path, json_answer(b"{}", status=400), backend=backend, routes=routes(rule())) as (
        running,
        upstream,
    ):
        sent = b'{"model":"m","messages":[{"role":"user","content":"Hi"}]}'
        answered = await ask(running.url, sent, headers=headers)
    assert upstream.request.values(name) == [value % (b"sk-callers-own" if brings else b"sk-up")]
    assert not upstream.request.values(b"x-aigw-key")
    assert b"sk-" not in answered.body


async def test_a_caller_may_have_to_bring_its_own_key(tmp_path: Path) -> None:
    backend = {"credential_override": {"header": "x-aigw-key", "fallback": False}}
    async with gateway(tmp_path, backend=backend, routes=routes(rule())) as (running, upstream):
        answered = await ask(running.url, body())
    assert (answered.status, answered.error["code"]) == (401, "missing_upstream_credential")
    assert "x-aigw-key" in answered.error["message"]
    assert not upstream.received

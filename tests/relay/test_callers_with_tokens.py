"""Callers with tokens: from the configuration file to the log, with the issuer's keys fetched and changing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from penstock.config.native_yaml import load_files
from tests.identity.token_issuer import ISSUER, KeyServer, key_server, public_jwk, token
from tests.relay.plain_client import Answered, Caller, ask, call, render
from tests.relay.scripted_upstream import ScriptedUpstream, json_answer, scripted_upstream
from tests.relay.served_gateway import Served, eventually, served

BODY = b'{"model":"m","messages":[]}'


@asynccontextmanager
async def gateway(
    tmp_path: Path, *keys: dict[str, Any], document: Any = None, **rules: Any
) -> AsyncIterator[tuple[Served, ScriptedUpstream, KeyServer]]:
    """Serve a configuration that takes tokens of one issuer."""
    with key_server(*(keys or (public_jwk("RS256"),))) as issuer:
        async with scripted_upstream(json_answer(b'{"choices":[]}')) as upstream:
            path = tmp_path / "c.yaml"
            backend = {"provider": "openai", "base_url": f"http://127.0.0.1:{upstream.port}/v1", "api_key": "sk-up"}
            tokens = {"issuer": ISSUER, "audiences": ["penstock"], "jwks_url": issuer.url, **rules}
            text = {"backends": {"up": backend}, "models": {"m": "up"}, "client_tokens": {"corp": tokens}}
            path.write_text(yaml.safe_dump({**text, "access_log": "off", **(document or {})}), encoding="utf-8")
            snapshot = load_files([str(path)], {}).snapshot
            free = replace(snapshot, listener=replace(snapshot.listener, port=0), admin_port=0)
            async with served(free, log=tmp_path / "log") as running:
                await until(running, 200, token())
                yield running, upstream, issuer


async def until(running: Served, status: int, text: str) -> Answered:
    """Ask until the answer has this status: keys come and go off the request path."""
    async with asyncio.timeout(10):
        while True:
            answered = await ask(running.url, BODY, headers=bearer(text))
            if answered.status == status:
                return answered
            assert answered.status in {200, 401, 503}
            await asyncio.sleep(0.01)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


async def asked(caller: Caller, text: str) -> Answered:
    caller.send(render(BODY, headers=bearer(text)))
    return await caller.answer()


async def test_a_token_names_its_caller_in_the_log_and_stays_here(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, upstream, _):
        refused = await ask(running.url, BODY, headers=bearer(token(aud="elsewhere")))
        anonymous = await ask(running.url, BODY)
        models = await ask(running.url, path="/v1/models", method="GET", headers=bearer(token()))
        await eventually(lambda: b"/v1/models" in (tmp_path / "log").read_bytes())
    lines = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    assert [line.get("client_key") for line in lines if line["status"] == 200] == ["corp/ann"] * 2
    assert "eyJ" not in (tmp_path / "log").read_text("utf-8")
    assert (refused.status, refused.error["code"]) == (401, "invalid_token")
    assert refused.header("www-authenticate") == 'Bearer error="invalid_token"'
    assert (anonymous.status, anonymous.error["code"]) == (401, "missing_token")
    assert models.status == 200
    assert all(each.values(b"authorization") == [b"Bearer sk-up"] for each in upstream.received)


async def test_callers_of_anthropic_are_refused_in_their_own_words(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, _, _issuer):
        refused = await ask(running.url, b"{}", path="/v1/messages", headers=bearer(token(aud="elsewhere")))
    assert refused.status == 401
    assert refused.json["type"] == "error"
    assert refused.json["error"]["type"] == "authentication_error"


async def test_a_token_expires_on_a_connection_that_goes_on(tmp_path: Path) -> None:
    async with gateway(tmp_path, leeway_s=0.001) as (running, _, _issuer):
        short = token(exp=int(time.time()) + 2)
        caller = await call(running.url)
        assert (await asked(caller, short)).status == 200
        async with asyncio.timeout(10):
            while (answered := await asked(caller, short)).status == 200:
                await asyncio.sleep(0.05)
        await caller.close()
    assert (answered.status, answered.error["code"]) == (401, "token_expired")


async def test_keys_change_while_serving(tmp_path: Path) -> None:
    async with gateway(tmp_path, refresh_s=0.05) as (running, _, issuer):
        caller = await call(running.url)
        assert (await asked(caller, token())).status == 200
        issuer.keys = [public_jwk("RS256", "2", 2)]
        await until(running, 401, token())
        assert (await asked(caller, token())).status == 401  # also where it was taken before
        assert (await until(running, 200, token(kid="2", number=2))).status == 200
        await caller.close()


async def test_an_issuer_that_cannot_be_asked_is_not_the_callers_fault(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, _, _issuer):
        plane = running.running.gateway
        gone = replace(
            plane.snapshot.token_issuers[0], name="gone", issuer="https://gone", jwks_url="http://127.0.0.1:9/"
        )
        snapshot = replace(plane.snapshot, token_issuers=(*plane.snapshot.token_issuers, gone))
        async with served(replace(snapshot, listener=replace(snapshot.listener, port=0))) as other:
            answered = await ask(other.url, BODY, headers=bearer(token(iss="https://gone")))
            await until(other, 200, token())
    assert (answered.status, answered.error["code"]) == (503, "token_keys_unavailable")
    assert answered.header("retry-after") == "1"


async def test_a_key_is_as_good_and_the_token_never_goes_to_a_server(tmp_path: Path) -> None:
    async with scripted_upstream(json_answer(b"{}")) as site:
        more: dict[str, Any] = {
            "client_keys": {"team": "pk-client-key-0123456789"},
            "passthrough": [{"name": "s", "path": "/s", "targets": ["up"], "forward_credentials": True}],
        }
        async with gateway(tmp_path, document=more) as (running, upstream, _):
            answered = await ask(running.url, BODY, headers={"x-api-key": "pk-client-key-0123456789"})
            passed = await ask(running.url, path="/s", method="GET", headers={**bearer(token()), "cookie": "a=b"})
    assert (answered.status, passed.status) == (200, 200)
    assert upstream.received[-1].values(b"authorization") == [b"Bearer sk-up"]
    assert upstream.received[-1].values(b"cookie") == [b"a=b"]
    assert not site.received

"""A caller may leave while its request waits, whatever it waits for: nothing of it is left, and others are served."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.core.fetch_rules import FetchRules, read_host_pattern
from penstock.providers import all_providers
from penstock.relay.authorize import BearerAuthorizer
from penstock.relay.fetched_media import MediaFetcher
from penstock.relay.snapshot import Backend, Model, PoolLimits, Retry, Target
from penstock.upstream_auth.credential_source import CredentialSource
from penstock.upstream_auth.fetching import Fetched
from tests.relay.conftest import both_loops
from tests.relay.plain_client import Caller, ask, call, render
from tests.relay.scripted_upstream import HOLD, RESET, ScriptedUpstream, answer_head, json_answer, scripted_upstream
from tests.relay.served_gateway import Served, backend_at, eventually, served, snapshot_of

BODY = b'{"model":"gpt","messages":[]}'
GOOD = json_answer(b'{"choices":[{"finish_reason":"stop"}]}')


async def asked(gateway: Served, body: bytes = BODY) -> Caller:
    """Send a request, and return when the gateway is about it."""
    caller = await call(gateway.url)
    before = gateway.running.gateway.in_flight
    caller.send(render(body))
    await eventually(lambda: gateway.running.gateway.in_flight == before + 1)
    return caller


def busy(gateway: Served) -> int:
    return sum(client.pool.busy for client in gateway.running.gateway._clients.values())


async def leaves(caller: Caller, gateway: Served, *, left: int = 0) -> None:
    """Let a caller go; ``left`` requests, with a connection each, are still there then."""
    await caller.close()
    await eventually(lambda: gateway.running.gateway.in_flight == left and busy(gateway) == left)


async def was_cancelled(gateway: Served, lines: int = 1) -> None:
    log = await gateway.log(lines)
    assert [(line["outcome"], line["status"]) for line in log] == [("cancelled", 499)] * lines


@both_loops
async def test_while_all_connections_are_in_use(tmp_path: Path) -> None:
    async with scripted_upstream([HOLD], GOOD) as upstream:
        backend = backend_at(upstream.port, pool=PoolLimits(connections=1))
        async with served(snapshot_of(backend), log=tmp_path / "log") as gateway:
            first = await asked(gateway)
            callers = [await asked(gateway) for _ in range(5)]
            for number, caller in enumerate(callers):
                await caller.close()
                await eventually(lambda: gateway.running.gateway.in_flight == 5 - number)  # noqa: B023 - awaited here
            await leaves(first, gateway)
            await was_cancelled(gateway, 6)
            assert (await ask(gateway.url, BODY)).status == 200
    assert upstream.accepted == 2


@both_loops
async def test_while_a_connection_is_made(tmp_path: Path) -> None:
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    backend = backend_at(server.sockets[0].getsockname()[1], scheme="https")
    async with server, served(snapshot_of(backend), log=tmp_path / "log") as gateway:
        caller = await asked(gateway)
        await eventually(lambda: bool(held))
        await leaves(caller, gateway)
        await was_cancelled(gateway)
        for writer in held:
            writer.close()


@both_loops
@pytest.mark.parametrize("failing", [answer_head(503, "content-length: 0"), RESET])
async def test_between_two_attempts(failing: Any, tmp_path: Path) -> None:
    async with scripted_upstream([failing], GOOD) as upstream:
        backend = backend_at(upstream.port)
        retry = Retry(attempts=2, backoff_s=60, backoff_max_s=60)
        model = Model(name="gpt", targets=(Target(backend=backend, model="real"),), owned_by="", created=0, retry=retry)
        snapshot = replace(snapshot_of(backend), models={"gpt": model})
        async with served(snapshot, log=tmp_path / "log") as gateway:
            caller = await asked(gateway)
            await eventually(lambda: bool(upstream.received) and busy(gateway) == 0)
            await leaves(caller, gateway)
            await was_cancelled(gateway)
            assert (await ask(gateway.url, BODY)).status == 200
    assert len(upstream.received) == 2


@both_loops
async def test_while_a_token_is_fetched(tmp_path: Path) -> None:
    there = threading.Event()

    def fetch() -> Fetched[bytes]:
        there.wait(10)
        return Fetched(b"authorization: Bearer token\r\n")

    source = CredentialSource("test", fetch)
    async with scripted_upstream(GOOD) as upstream, gateway_with(upstream, tmp_path, api_key=None) as gateway:
        gateway.running.gateway._clients["up"].authorizer = BearerAuthorizer(source)
        caller, patient = await asked(gateway), await asked(gateway)
        await caller.close()
        await eventually(lambda: gateway.running.gateway.in_flight == 1)
        there.set()
        assert (await patient.answer()).status == 200
        await leaves(patient, gateway)
        await source.close()
    assert [each.values(b"authorization") for each in upstream.received] == [[b"Bearer token"]]


@both_loops
async def test_while_a_picture_is_fetched(tmp_path: Path) -> None:
    looked_up: list[str] = []

    async def never(host: str) -> list[str]:
        looked_up.append(host)
        await asyncio.Event().wait()
        return []

    picture = {"type": "image_url", "image_url": {"url": "http://files.example/a.png"}}
    body = json.dumps({"model": "gpt", "messages": [{"role": "user", "content": [picture]}]}).encode()
    provider = all_providers()["bedrock"]
    settings = {"provider": provider, "options": provider.options()}
    async with scripted_upstream(GOOD) as upstream, gateway_with(upstream, tmp_path, **settings) as gateway:
        rules = FetchRules(hosts=(read_host_pattern("*"),), allow_http=True, timeout_s=60)
        gateway.running.gateway._fetcher = MediaFetcher(rules, resolve=never)
        caller = await asked(gateway, body)
        await eventually(lambda: bool(looked_up))
        await leaves(caller, gateway)
        await was_cancelled(gateway)
    assert not upstream.received


@both_loops
async def test_as_the_answer_comes(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream([answer_head(200, "content-length: 38"), more, b"x" * 38], GOOD) as upstream:
        async with gateway_with(upstream, tmp_path) as gateway:
            caller = await asked(gateway)
            await upstream.until(lambda: bool(upstream.received))
            more.set()
            caller.writer.transport.abort()
            await leaves(caller, gateway)
            assert (await ask(gateway.url, BODY)).status == 200
            await eventually(lambda: busy(gateway) == 0)


@asynccontextmanager
async def gateway_with(upstream: ScriptedUpstream, tmp_path: Path, **changes: Any) -> AsyncIterator[Served]:
    backend: Backend = backend_at(upstream.port, **changes)
    async with served(snapshot_of(backend), log=tmp_path / "log") as gateway:
        yield gateway

"""Vectors from providers with an API of their own: one request of the caller, one or more calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from penstock.providers import all_providers
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import CLOSE, HOLD, Script, ScriptedUpstream, json_answer, scripted_upstream
from tests.relay.served_gateway import KEY, Served, backend_at, served, snapshot_of

TITAN = "amazon.titan-embed-text-v2:0"


@asynccontextmanager
async def gateway_to(
    *answers: Script, provider_id: str = "bedrock", model: str = TITAN, log: Path | None = None, **of_model: Any
) -> AsyncIterator[tuple[Served, ScriptedUpstream]]:
    provider = all_providers()[provider_id]
    async with scripted_upstream(*answers) as upstream:
        backend = backend_at(upstream.port, provider=provider, options=provider.options(), base_path="")
        snapshot = snapshot_of(backend, models={"gpt": model})
        models = {"gpt": replace(snapshot.models["gpt"], **of_model)}
        async with served(replace(snapshot, models=models), log=log) as gateway:
            yield gateway, upstream


def asks_for(*inputs: str, **more: Any) -> bytes:
    return json.dumps({"model": "gpt", "input": list(inputs), **more}).encode()


def vector(*numbers: float, tokens: int = 3) -> Script:
    return json_answer(json.dumps({"embedding": numbers, "inputTextTokenCount": tokens}).encode())


async def test_a_batch_becomes_calls_and_its_vectors_come_back_in_order(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(20)]

    async with scripted_upstream(answer=lambda number: vector(float(number))) as upstream:
        provider = all_providers()["bedrock"]
        backend = backend_at(upstream.port, provider=provider, options=provider.options(), base_path="")
        async with served(snapshot_of(backend, models={"gpt": TITAN}), log=tmp_path / "log") as gateway:
            answered = await ask(gateway.url, asks_for(*texts), path="/v1/embeddings")
            (line,) = await gateway.log()

    assert answered.status == 200, answered.body
    response = CreateEmbeddingResponse.model_validate(answered.json)
    assert [item.index for item in response.data] == list(range(20))
    sent = [json.loads(request.body)["inputText"] for request in upstream.received]
    assert [sent[int(item.embedding[0])] for item in response.data] == texts
    assert response.usage.prompt_tokens == 60
    assert line["usage"]["input_tokens"] == 60
    assert all(
        request.lines[0].startswith(b"POST /model/amazon.titan-embed-text-v2:0/invoke ")
        for request in upstream.received
    )


async def test_one_error_ends_the_whole_and_is_told_in_the_callers_format() -> None:
    bad = json_answer(
        b'{"message":"Too many tokens"}', "x-amzn-errortype: ThrottlingException", "retry-after: 2", status=429
    )
    async with gateway_to(vector(1.0), bad) as (gateway, _):
        answered = await ask(gateway.url, asks_for("a", "b", "c"), path="/v1/embeddings")
    assert (answered.status, answered.header("retry-after")) == (429, "2")
    assert answered.error["message"] == "Too many tokens"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (json_answer(b"<html>"), "upstream_invalid"),
        (json_answer(b"{}"), "upstream_invalid"),
        ([CLOSE], "upstream_broke_off"),
        (json_answer(b"", status=307), "upstream_invalid"),
        (
            json_answer(b'{"message":"no"}', "x-amzn-errortype: UnrecognizedClientException", status=403),
            "upstream_credential_rejected",
        ),
    ],
)
async def test_an_upstream_that_fails_is_a_clean_error(script: Script, code: str) -> None:
    async with gateway_to(script) as (gateway, _):
        answered = await ask(gateway.url, asks_for("a", "b"), path="/v1/embeddings")
    assert (answered.status, answered.error["code"]) == (502, code)
    assert KEY not in answered.body.decode()


async def test_a_caller_that_leaves_ends_every_call() -> None:
    async with gateway_to([HOLD]) as (gateway, upstream):
        task = asyncio.ensure_future(ask(gateway.url, asks_for("a", "b", "c"), path="/v1/embeddings"))
        await upstream.until(lambda: len(upstream.received) == 3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await upstream.until_left()
        await gateway.until_idle()
        assert len(upstream.received) == 3
        assert not upstream.open


async def test_what_a_provider_cannot_take_is_told_or_refused() -> None:
    async with gateway_to(vector(1.0)) as (gateway, _):
        told = await ask(gateway.url, asks_for("a", user="me"), path="/v1/embeddings")
    async with gateway_to(vector(1.0), losses="reject") as (gateway, upstream):
        refused = await ask(gateway.url, asks_for("a", user="me"), path="/v1/embeddings")
    assert told.header("x-penstock-losses") == "dropped $.user"
    assert (refused.status, refused.error["code"]) == (400, "translation_loss")
    assert not upstream.received


async def test_a_model_that_makes_no_vectors_is_refused() -> None:
    async with gateway_to(vector(1.0), model="amazon.nova-pro-v1:0") as (gateway, _):
        answered = await ask(gateway.url, asks_for("a"), path="/v1/embeddings")
    assert (answered.status, answered.error["code"]) == (400, "endpoint_not_offered")

"""Counts of tokens at Bedrock, Gemini and Claude on Vertex AI, asked for by each vendor's own client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from anthropic import AsyncAnthropicVertex, RateLimitError
from botocore.exceptions import ClientError
from google import genai
from google.genai import errors, types

from penstock.simulator.native import SIMULATED_AWS
from tests.simulator.test_bedrock import HELLO, MESSAGES, WEATHER, make_client
from tests.simulator.test_gemini import HELLO as CONTENT
from tests.simulator.test_gemini import MODEL, STUDIO, VERTEX, base_url, post


@pytest.fixture
async def bedrock(simulated: httpx2.AsyncClient) -> AsyncIterator[Any]:
    found = make_client(simulated, "bedrock", SIMULATED_AWS.secret_key.reveal())
    yield found
    found.close()


@pytest.fixture
async def google(simulated: httpx2.AsyncClient) -> AsyncIterator[Any]:
    found = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=base_url(simulated, "gemini-native")))
    yield found.aio.models
    await found.aio.aclose()
    found.close()


COUNTING = "anthropic.claude-sonnet-4-5-20250929-v1:0"


async def count(bedrock: Any, kind: str, request: Any, model: str = COUNTING) -> int:
    answer = await asyncio.to_thread(bedrock.count_tokens, modelId=model, input={kind: request})
    counted: int = answer["inputTokens"]
    return counted


async def test_bedrock_counts_what_it_charges_for(bedrock: Any) -> None:
    conversation = {"system": [{"text": "Be brief"}], "messages": [HELLO], "toolConfig": {"tools": [WEATHER]}}
    answer = await asyncio.to_thread(bedrock.converse, modelId=f"us.{COUNTING}", **conversation)
    assert await count(bedrock, "converse", conversation) == answer["usage"]["inputTokens"]
    body = json.dumps(MESSAGES)
    invoked = await asyncio.to_thread(bedrock.invoke_model, modelId=f"us.{COUNTING}", body=body)
    charged = json.loads(invoked["body"].read())["usage"]["input_tokens"]
    assert await count(bedrock, "invokeModel", {"body": body}) == charged


@pytest.mark.parametrize(
    ("model", "kind", "request_", "says"),
    [
        (f"us.{COUNTING}", "converse", {"messages": [HELLO]}, "support counting"),
        ("amazon.nova-pro-v1:0", "converse", {"messages": [HELLO]}, "support counting"),
        (COUNTING, "converse", {"messages": []}, "must start with a user message"),
        (COUNTING, "invokeModel", {"body": '{"messages":[]}'}, "anthropic_version"),
        (COUNTING, "invokeModel", {"body": "no JSON"}, "JSON"),
    ],
)
async def test_what_cannot_be_counted_is_refused(bedrock: Any, model: str, kind: str, request_: Any, says: str) -> None:
    with pytest.raises(ClientError, match=says) as found:
        await count(bedrock, kind, request_, model)
    assert found.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"invokeModel": {"body": "{}"}}, "base64"),
        ({}, "Exactly one"),
        ({"converse": {}, "invokeModel": {}}, "Exactly"),
    ],
)
async def test_one_request_is_counted_and_its_body_must_be_base64(
    simulated: httpx2.AsyncClient, given: Any, words: str
) -> None:
    path = f"/bedrock-anthropic/model/{COUNTING}/count-tokens"
    answer = await simulated.post(path, json={"input": given}, headers={"authorization": "Bearer k"})
    assert (answer.status_code, words in answer.text) == (400, True)


async def test_counting_at_bedrock_has_faults_too(bedrock: Any) -> None:
    with pytest.raises(ClientError) as found:
        await count(bedrock, "converse", {"messages": [HELLO]}, "fault-429")
    assert found.value.response["Error"]["Code"] == "ThrottlingException"


async def test_gemini_counts_what_it_charges_for(simulated: httpx2.AsyncClient, google: Any) -> None:
    answer = await google.generate_content(model=MODEL, contents="Hello there")
    counted = await google.count_tokens(model=MODEL, contents="Hello there")
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count
    request = {"contents": [CONTENT], "systemInstruction": {"parts": [{"text": "Be brief"}]}}
    whole = {"generateContentRequest": {"model": f"models/{MODEL}", **request}}
    on_studio = await post(simulated, f"{STUDIO}:countTokens", whole)
    on_vertex = await post(simulated, f"{VERTEX}/{MODEL}:countTokens", request)
    said = await post(simulated, f"{STUDIO}:generateContent", request)
    charged = said.json()["usageMetadata"]["promptTokenCount"]
    assert (on_studio.json()["totalTokens"], on_vertex.json()["totalTokens"]) == (charged, charged)


@pytest.mark.parametrize(
    "body",
    [
        {"contents": []},
        {"systemInstruction": {"parts": [{"text": "a"}]}},
        {
            "contents": [CONTENT],
            "generateContentRequest": {"model": f"models/{MODEL}", "contents": [CONTENT]},
        },
        {"generateContentRequest": {"contents": [CONTENT]}},
        {"generateContentRequest": {"model": "models/other", "contents": [CONTENT]}},
    ],
)
async def test_what_studio_cannot_count_is_refused(simulated: httpx2.AsyncClient, body: Any) -> None:
    assert (await post(simulated, f"{STUDIO}:countTokens", body)).status_code == 400


async def test_vertex_counts_no_safety_settings(simulated: httpx2.AsyncClient) -> None:
    answer = await post(simulated, f"{VERTEX}/{MODEL}:countTokens", {"contents": [CONTENT], "safetySettings": []})
    assert (answer.status_code, "safetySettings" in answer.text) == (400, True)


async def test_counting_at_gemini_has_faults_too(google: Any) -> None:
    with pytest.raises(errors.APIError) as found:
        await google.count_tokens(model="fault-429", contents="Hello")
    assert found.value.code == 429


async def test_claude_on_vertex_ai_counts_what_it_charges_for(simulated: httpx2.AsyncClient) -> None:
    messages: Any = [{"role": "user", "content": "Hello there"}]
    model = "claude-sonnet-4-5@20250929"
    address = f"{base_url(simulated, 'vertex-anthropic')}/v1"
    async with AsyncAnthropicVertex(
        base_url=address, project_id="p", region="l", access_token="t", max_retries=0
    ) as claude:
        whole = await claude.messages.create(model=model, max_tokens=200, messages=messages)
        counted = await claude.messages.count_tokens(model=model, messages=messages)
        with pytest.raises(RateLimitError):
            await claude.messages.count_tokens(model="fault-429", messages=messages)
    assert counted.input_tokens == whole.usage.input_tokens


@pytest.mark.parametrize(
    "changes", [{"anthropic_version": "bedrock-2023-05-31"}, {"max_tokens": 5}, {"messages": []}, {"model": None}]
)
async def test_what_claude_on_vertex_ai_cannot_count_is_refused(simulated: httpx2.AsyncClient, changes: Any) -> None:
    path = "/vertex-anthropic/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict"
    body = {"model": "claude-x", "messages": [{"role": "user", "content": "Hello"}]}
    assert (await post(simulated, path, body)).status_code == 200
    assert (await post(simulated, path, body | changes)).status_code == 400

"""Cohere's API v2 as the simulator has it, driven by Cohere's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import cohere
import httpx2
import msgspec
import pytest
from cohere import errors

from penstock.simulator.answering import FILTERED_MODEL

MODEL = "command-a-03-2025"
THINKER = "command-a-reasoning-08-2025"
HELLO = {"role": "user", "content": "Hello there"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather of a city", "parameters": SCHEMA},
}
BEARER = {"authorization": "Bearer k"}
CHAT = "/cohere-native/v2/chat"
EMBED = "/cohere-native/v2/embed"


@pytest.fixture
async def client(simulated: httpx2.AsyncClient) -> AsyncIterator[Any]:
    base_url = f"{str(simulated.base_url).rstrip('/')}/cohere-native"
    async with cohere.AsyncClientV2(api_key="k", base_url=base_url) as found:
        yield found


async def chat(client: Any, *messages: Any, **members: Any) -> Any:
    """Return a whole answer; its stream must say the same."""
    given: dict[str, Any] = {"model": MODEL, "messages": list(messages or [HELLO]), **members}
    whole = await client.chat(**given)
    events = [event async for event in client.chat_stream(**given)]
    blocks: dict[int, str] = {}
    plan, calls = "", dict[int, Any]()
    for event in events:
        if event.type == "content-delta":
            content = event.delta.message.content
            blocks[event.index] = blocks.get(event.index, "") + (content.text or content.thinking or "")
        elif event.type == "tool-plan-delta":
            plan += event.delta.message.tool_plan
        elif event.type == "tool-call-start":
            calls[event.index] = [event.delta.message.tool_calls.id, event.delta.message.tool_calls.function.name, ""]
        elif event.type == "tool-call-delta":
            calls[event.index][2] += event.delta.message.tool_calls.function.arguments
    said = [getattr(block, "text", None) or getattr(block, "thinking", "") for block in whole.message.content or []]
    assert list(blocks.values()) == said
    assert plan == (whole.message.tool_plan or "")
    assert [tuple(call) for call in calls.values()] == [
        (call.id, call.function.name, call.function.arguments) for call in whole.message.tool_calls or []
    ]
    assert (events[0].type, events[-1].type) == ("message-start", "message-end")
    assert events[-1].delta.finish_reason == whole.finish_reason
    assert events[-1].delta.usage == whole.usage
    return whole


async def test_an_answer_and_its_stream_say_the_same(client: Any) -> None:
    answer = await chat(client, {"role": "system", "content": "Be brief"}, HELLO)
    assert "imulat" in answer.message.content[0].text
    assert answer.finish_reason == "COMPLETE"
    assert answer.usage.tokens.input_tokens > 0


async def test_a_tool_is_called_and_its_result_answered(client: Any) -> None:
    first = await chat(client, tools=[WEATHER])
    (call,) = first.message.tool_calls
    said = {"role": "assistant", "tool_plan": first.message.tool_plan, "tool_calls": [call.model_dump()]}
    result = {
        "role": "tool",
        "tool_call_id": call.id,
        "content": [{"type": "document", "document": {"data": {"a": "sunny"}}}],
    }

    last = await chat(client, HELLO, said, result, tools=[WEATHER])

    assert (first.finish_reason, last.finish_reason) == ("TOOL_CALL", "COMPLETE")
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    assert "sunny" in last.message.content[0].text


async def test_a_model_that_reasons_shows_its_thought(client: Any) -> None:
    shown = await chat(client, model=THINKER)
    hidden = await chat(client, model=THINKER, thinking={"type": "disabled"})
    assert [block.type for block in shown.message.content] == ["thinking", "text"]
    assert [block.type for block in hidden.message.content] == ["text"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"max_tokens": 3}, "MAX_TOKENS"),
        ({"stop_sequences": ["imulat"]}, "STOP_SEQUENCE"),
        ({"model": FILTERED_MODEL}, "ERROR"),
        ({"tools": [WEATHER], "tool_choice": "REQUIRED"}, "TOOL_CALL"),
        ({"tools": [WEATHER], "tool_choice": "NONE"}, "COMPLETE"),
    ],
)
async def test_every_end_has_its_reason(client: Any, members: Any, reason: str) -> None:
    assert (await chat(client, **members)).finish_reason == reason


async def test_output_obeys_a_schema(client: Any) -> None:
    answer = await chat(client, response_format={"type": "json_object", "json_schema": SCHEMA})
    assert isinstance(json.loads(answer.message.content[0].text)["city"], str)


async def test_vectors_have_their_sizes_and_kinds(client: Any) -> None:
    given = {"input_type": "search_query", "texts": ["a", "b"]}
    older = await client.embed(model="embed-english-v3.0", **given)
    newer = await client.embed(
        model="embed-v4.0", output_dimension=256, embedding_types=["float", "int8", "base64"], **given
    )
    assert [len(one) for one in older.embeddings.float_] == [1024, 1024]
    assert [len(one) for one in (*newer.embeddings.float_, *newer.embeddings.int8)] == [256] * 4
    assert len(newer.embeddings.base64) == 2
    assert older.meta.billed_units.input_tokens == 2


async def post(simulated: httpx2.AsyncClient, path: str, body: Any) -> httpx2.Response:
    present = {name: value for name, value in body.items() if value is not None}
    return await simulated.post(path, content=msgspec.json.encode(present), headers=BEARER)


SAID = {
    "role": "assistant",
    "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": None}, "model is required"),
        ({"messages": None}, "messages is required"),
        ({"messages": []}, "messages is required"),
        ({"surprise": 1}, "parameter 'surprise' is not a valid field"),
        ({"messages": [{"role": "developer", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
        ({"messages": [{"role": "user"}]}, "messages.0.content is required"),
        ({"messages": [{"role": "assistant"}]}, "content or tool_calls"),
        ({"messages": [HELLO, SAID]}, "tool calls without results"),
        ({"messages": [HELLO, SAID, HELLO]}, "tool calls without results"),
        ({"messages": [HELLO, {"role": "tool", "tool_call_id": "t", "content": "x"}]}, "not found in previous"),
        ({"temperature": 1.5}, "temperature"),
        ({"p": 1}, "maximum value of 0.99"),
        ({"stop_sequences": ["a"] * 6}, "at most 5"),
        ({"tool_choice": "REQUIRED"}, "only be specified with tools"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "parameters is required"),
        ({"tools": [WEATHER], "response_format": {"type": "json_object"}}, "not supported together"),
        ({"response_format": {"type": "json_object", "json_schema": {"type": "object"}}}, "at least one required"),
        ({"thinking": {"type": "enabled"}}, "not supported by model"),
    ],
)
async def test_what_cohere_refuses_is_refused(simulated: httpx2.AsyncClient, changes: Any, words: str) -> None:
    answer = await post(simulated, CHAT, {"model": MODEL, "messages": [HELLO]} | changes)
    assert answer.status_code == 400
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_type": None}, "input_type is required"),
        ({"texts": None}, "exactly one of"),
        ({"texts": [""]}, "not empty"),
        ({"texts": ["a"] * 97}, "at most 96"),
        ({"output_dimension": 300}, "must be one of"),
        ({"model": "embed-english-v3.0", "output_dimension": 256}, "only supported by embed-v4"),
        ({"embedding_types": ["binary"]}, "not simulated"),
        ({"embedding_types": [{}]}, "not simulated"),
    ],
)
async def test_inputs_that_cannot_be_embedded_are_refused(
    simulated: httpx2.AsyncClient, changes: Any, words: str
) -> None:
    body = {"model": "embed-v4.0", "texts": ["a"], "input_type": "clustering"} | changes
    answer = await post(simulated, EMBED, body)
    assert answer.status_code == 400
    assert words in answer.json()["message"]


async def test_a_token_is_needed(simulated: httpx2.AsyncClient) -> None:
    answer = await simulated.post(CHAT, json={"model": MODEL, "messages": [HELLO]})
    assert (answer.status_code, answer.json()["message"]) == (401, "no api key supplied (simulated)")


@pytest.mark.parametrize(
    ("model", "raised"),
    [
        ("fault-429", errors.TooManyRequestsError),
        ("fault-500", errors.InternalServerError),
        ("fault-context-length", errors.BadRequestError),
        ("gpt-4o", errors.NotFoundError),
    ],
)
async def test_faults_raise_what_cohere_s_would(client: Any, model: str, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        await client.chat(model=model, messages=[HELLO], request_options={"max_retries": 0})


@pytest.mark.parametrize(
    ("model", "last", "missing"),
    [
        ("fault-no-finish", "content-end", '"finish_reason":'),
        ("fault-no-usage", "message-end", '"usage":'),
        ("fault-error-event-mid-stream", "message-end", '"COMPLETE"'),
    ],
)
async def test_faults_of_streams_are_what_they_say(
    simulated: httpx2.AsyncClient, model: str, last: str, missing: str
) -> None:
    answer = await post(simulated, CHAT, {"model": model, "messages": [HELLO], "stream": True})
    kinds = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert kinds[-1] == last
    assert missing not in answer.text

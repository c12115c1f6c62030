"""Anthropic's Messages API as the simulator has it, driven by Anthropic's own client."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from anthropic.types import Message, MessageParam, ToolParam

from penstock.simulator.answering import FILTERED_MODEL
from penstock.simulator.anthropic.answer import REDACTED_TRIGGER
from penstock.simulator.anthropic.generations import generation_of

MODEL = "claude-opus-4-6"
NEWEST = "claude-opus-5-5"
HELLO: MessageParam = {"role": "user", "content": "Hello there"}
WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
TREE = {
    "type": "object",
    "properties": {"parts": {"type": "array", "items": {"$ref": "#"}}},
    "additionalProperties": False,
}
THINKING: Any = {"type": "adaptive"}
BUDGET: Any = {"type": "enabled", "budget_tokens": 1024}


@pytest.fixture
async def client(simulated: httpx2.AsyncClient) -> AsyncIterator[anthropic.AsyncAnthropic]:
    base_url = f"{str(simulated.base_url).rstrip('/')}/anthropic"
    async with anthropic.AsyncAnthropic(base_url=base_url, api_key="k", max_retries=0) as found:
        yield found


async def post(simulated: httpx2.AsyncClient, body: object, **headers: str) -> httpx2.Response:
    known = {"x-api-key": "k", "anthropic-version": "2023-06-01"} | headers
    return await simulated.post("/anthropic/v1/messages", content=msgspec.json.encode(body), headers=known)


async def ask(client: anthropic.AsyncAnthropic, *messages: MessageParam, **members: Any) -> Message:
    given: dict[str, Any] = {"model": MODEL, "max_tokens": 4096, "messages": messages or [HELLO], **members}
    message: Message = await client.messages.create(**given)
    async with client.messages.stream(**given) as stream:
        streamed = await stream.get_final_message()
    left_out = {"id", "usage"}
    assert streamed.model_dump(exclude=left_out, exclude_none=True) == message.model_dump(
        exclude=left_out, exclude_none=True
    )
    assert streamed.usage.output_tokens == message.usage.output_tokens
    return message


async def test_a_message_and_its_stream_say_the_same(client: anthropic.AsyncAnthropic) -> None:
    message = await ask(client, system="Be brief")

    assert "imulat" in message.content[0].text  # type: ignore[union-attr]
    assert (message.stop_reason, message.role, message.model) == ("end_turn", "assistant", MODEL)
    assert message.usage.input_tokens > 0
    assert message.usage.cache_read_input_tokens == 0


async def test_events_come_in_the_documented_order(simulated: httpx2.AsyncClient) -> None:
    answer = await post(simulated, {"model": MODEL, "max_tokens": 100, "messages": [HELLO], "stream": True})
    kinds = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]

    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert set(kinds[3:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


async def test_a_tool_is_called_and_its_result_answered(client: anthropic.AsyncAnthropic) -> None:
    first = await ask(client, tools=[WEATHER])
    (call,) = first.content
    assert call.type == "tool_use"
    result: MessageParam = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}],
    }

    last = await ask(client, HELLO, {"role": "assistant", "content": first.content}, result, tools=[WEATHER])

    assert (first.stop_reason, last.stop_reason) == ("tool_use", "end_turn")
    assert isinstance(call.input["city"], str)
    assert "sunny" in last.content[0].text  # type: ignore[union-attr]


async def test_a_text_can_come_before_a_call(client: anthropic.AsyncAnthropic) -> None:
    message = await ask(client, {"role": "user", "content": "Think aloud about it"}, tools=[WEATHER])
    assert [block.type for block in message.content] == ["text", "tool_use"]


async def test_a_named_tool_is_called_and_none_is_when_none_may_be(client: anthropic.AsyncAnthropic) -> None:
    other: ToolParam = {"name": "other", "input_schema": {"type": "object"}}
    named = await ask(client, tools=[WEATHER, other], tool_choice={"type": "tool", "name": "other"})
    none = await ask(client, tools=[WEATHER], tool_choice={"type": "none"})

    assert [(block.type, block.name, block.input) for block in named.content if block.type == "tool_use"] == [
        ("tool_use", "other", {})
    ]
    assert none.content[0].type == "text"


async def test_a_thought_is_signed_and_must_come_back_as_it_was(client: anthropic.AsyncAnthropic) -> None:
    first = await ask(client, tools=[WEATHER], thinking=THINKING)
    thought, call = first.content
    assert thought.type == "thinking"
    assert call.type == "tool_use"
    result: MessageParam = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id}]}
    kept = await ask(
        client, HELLO, {"role": "assistant", "content": [thought, call]}, result, tools=[WEATHER], thinking=THINKING
    )
    changed = thought.model_copy(update={"thinking": thought.thinking + "!"})

    assert [block.type for block in kept.content] == ["thinking", "text"]
    spoilt: Any = {"role": "assistant", "content": [changed, call]}
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        await ask(client, HELLO, spoilt, result, tools=[WEATHER], thinking=THINKING)
    lost: Any = {"role": "assistant", "content": [call]}
    assert (await ask(client, HELLO, lost, result, tools=[WEATHER], thinking=THINKING)).stop_reason == "end_turn"
    budget: Any = {"type": "enabled", "budget_tokens": 1024}
    with pytest.raises(anthropic.BadRequestError, match="Expected `thinking`"):
        await ask(
            client,
            HELLO,
            lost,
            result,
            tools=[WEATHER],
            thinking=budget,
            model="claude-opus-4-5",
        )


async def test_a_thought_that_is_not_shown_comes_back_too(client: anthropic.AsyncAnthropic) -> None:
    question: MessageParam = {"role": "user", "content": REDACTED_TRIGGER}
    first = await ask(client, question, thinking=THINKING)
    again = await ask(client, question, {"role": "assistant", "content": first.content}, HELLO, thinking=THINKING)

    assert first.content[0].type == "redacted_thinking"
    assert again.content[0].type == "redacted_thinking"


@pytest.mark.parametrize(
    ("members", "reason", "sequence"),
    [
        ({"max_tokens": 3}, "max_tokens", None),
        ({"stop_sequences": ["imulat"]}, "stop_sequence", "imulat"),
        ({"model": FILTERED_MODEL}, "refusal", None),
    ],
)
async def test_every_end_has_its_reason(
    client: anthropic.AsyncAnthropic, members: dict[str, Any], reason: str, sequence: str | None
) -> None:
    message = await ask(client, **members)
    assert (message.stop_reason, message.stop_sequence) == (reason, sequence)
    assert members.get("max_tokens") in {None, message.usage.output_tokens}


async def test_output_obeys_a_schema(client: anthropic.AsyncAnthropic) -> None:
    schema = WEATHER["input_schema"]
    message = await ask(client, output_config={"format": {"type": "json_schema", "schema": schema}})
    assert isinstance(msgspec.json.decode(message.content[0].text)["city"], str)  # type: ignore[union-attr]


async def test_what_was_cached_is_read_the_next_time(client: anthropic.AsyncAnthropic) -> None:
    system: Any = [{"type": "text", "text": "Be brief and kind", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    usages = [
        (await client.messages.create(model=MODEL, max_tokens=9, messages=[HELLO], system=system)).usage
        for _ in range(2)
    ]
    together = {
        one.input_tokens + (one.cache_creation_input_tokens or 0) + (one.cache_read_input_tokens or 0) for one in usages
    }

    assert [(one.cache_creation_input_tokens, one.cache_read_input_tokens) for one in usages] == [(4, 0), (0, 4)]
    assert usages[0].cache_creation is not None
    assert usages[0].cache_creation.ephemeral_1h_input_tokens == 4
    assert len(together) == 1


async def test_counted_tokens_are_those_that_a_message_reports(client: anthropic.AsyncAnthropic) -> None:
    counted = await client.messages.count_tokens(model=MODEL, messages=[HELLO], tools=[WEATHER])
    message = await client.messages.create(model=MODEL, max_tokens=9, messages=[HELLO], tools=[WEATHER])
    assert counted.input_tokens == message.usage.input_tokens


async def test_pictures_and_documents_are_taken(client: anthropic.AsyncAnthropic) -> None:
    data = base64.b64encode(b"bytes").decode()
    content: Any = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Some text"}},
        {"type": "text", "text": "What is it?"},
    ]
    assert (await ask(client, {"role": "user", "content": content})).usage.input_tokens > 85 * 2 + 100


CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
TEXT = {"type": "text", "text": "x"}
SHORT = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": []}, "at least one message"),
        ({"model": None}, "model: Field required"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "first message must use the"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "must be non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": " \n"}]}]}, "non-whitespace"),
        ({"messages": [{"role": "user", "content": "x", "name": "y"}]}, "messages.0.name: Extra inputs"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content.0.type"),
        ({"messages": [HELLO, {"role": "assistant", "content": "x "}]}, "trailing whitespace"),
        ({"messages": [HELLO, CALL, HELLO]}, "without `tool_result` blocks"),
        ({"messages": [HELLO, CALL]}, "without `tool_result` blocks"),
        ({"messages": [{"role": "user", "content": [RESULT]}]}, "unexpected `tool_use_id`"),
        (
            {"messages": [HELLO, CALL, {"role": "user", "content": [{"type": "text", "text": "x"}, RESULT]}]},
            "before all other content",
        ),
        (
            {"tools": [{**WEATHER, "cache_control": SHORT}], "system": [{**TEXT, "cache_control": LONG}]},
            "must not come after",
        ),
        ({"temperature": 1.5}, "temperature"),
        ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "tools.0.custom.name"),
        ({"tools": [{"name": "a", "input_schema": {}}]}, "input_schema.type: Input should be 'object'"),
        ({"tools": [WEATHER, WEATHER]}, "must be unique"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}}, "not found in provided tools"),
        ({"tool_choice": {"type": "any"}}, "while providing tools"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens: Field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 2000}, "must be greater than"),
        ({"thinking": THINKING, "max_tokens": 2000, "temperature": 0.5}, "may only be set to 1"),
        ({"thinking": THINKING, "max_tokens": 2000, "tools": [WEATHER], "tool_choice": {"type": "any"}}, "forces tool"),
        ({"stop_sequences": [" "]}, "non-whitespace"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "additionalProperties"),
        ({"output_config": {"format": {"type": "json_schema", "schema": TREE}}}, "Recursive schemas"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]}]},
            "cache_control.type: Field required",
        ),
    ],
)
async def test_what_anthropic_refuses_is_refused(
    simulated: httpx2.AsyncClient, changes: dict[str, object], words: str
) -> None:
    body = {"model": MODEL, "max_tokens": 10, "messages": [HELLO]} | changes
    answer = await post(simulated, {name: value for name, value in body.items() if value is not None})
    error = answer.json()

    assert (answer.status_code, error["type"], error["error"]["type"]) == (400, "error", "invalid_request_error")
    assert words in error["error"]["message"]


async def test_a_key_and_a_version_are_needed(simulated: httpx2.AsyncClient) -> None:
    body = {"model": MODEL, "max_tokens": 10, "messages": [HELLO]}
    path = "/anthropic/v1/messages"
    without_key = await simulated.post(path, json=body, headers={"anthropic-version": "2023-06-01"})
    without_version = await simulated.post(path, json=body, headers={"x-api-key": "k"})
    with_token = await post(simulated, body, authorization="Bearer t")

    assert (without_key.status_code, without_version.status_code, with_token.status_code) == (401, 400, 200)
    assert without_key.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        (NEWEST, {"thinking": BUDGET}, '"thinking.type.enabled" is not supported'),
        (NEWEST, {"temperature": 0.5}, "`temperature` is deprecated"),
        (NEWEST, {"messages": [HELLO, {"role": "assistant", "content": "Hm"}]}, "assistant message prefill"),
        ("claude-opus-4-6", {"messages": [HELLO, {"role": "assistant", "content": "Hm"}]}, "assistant message prefill"),
        ("claude-haiku-4-5", {"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported"),
        ("claude-sonnet-4-5", {"temperature": 0.5, "top_p": 0.9}, "cannot both be specified"),
        ("claude-3-7-sonnet-20250219", {"max_tokens": 128_000}, "128000 > 64000"),
    ],
)
async def test_a_generation_refuses_the_manner_of_another(
    simulated: httpx2.AsyncClient, model: str, changes: dict[str, object], words: str
) -> None:
    answer = await post(simulated, {"model": model, "max_tokens": 2000, "messages": [HELLO]} | changes)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


async def test_newer_models_hide_their_thoughts_unless_they_are_asked(client: anthropic.AsyncAnthropic) -> None:
    hidden = await ask(client, model=NEWEST, thinking={"type": "adaptive"})
    shown = await ask(client, model=NEWEST, thinking={"type": "adaptive", "display": "summarized"})
    assert [message.content[0].thinking != "" for message in (hidden, shown)] == [False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("model", "generation"),
    [
        ("claude-opus-5-5", (5, 5)),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", (4, 5)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-sonnet-4@20250514", (4, 0)),
        ("claude-3-7-sonnet-20250219", (3, 7)),
        ("claude-3-opus-20240229", (3, 0)),
        ("fault-429", None),
    ],
)
def test_a_generation_is_read_from_a_name(model: str, generation: tuple[int, int] | None) -> None:
    assert generation_of(model) == generation


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
async def test_the_newest_version_has_no_sampling(simulated: httpx2.AsyncClient, name: str) -> None:
    body = {"model": MODEL, "max_tokens": 10, "messages": [HELLO], name: 1}
    answers = [await post(simulated, body, **{"anthropic-version": one}) for one in ("2023-06-01", "2026-10-21")]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"]["message"].startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("model", "raised", "kind"),
    [
        ("fault-429", anthropic.RateLimitError, "rate_limit_error"),
        ("fault-529", anthropic.InternalServerError, "overloaded_error"),
        ("fault-500", anthropic.InternalServerError, "api_error"),
        ("fault-context-length", anthropic.BadRequestError, "prompt is too long: 8193 tokens > 8192 maximum"),
        ("fault-unknown-model", anthropic.NotFoundError, "not_found_error"),
        ("gpt-4o", anthropic.NotFoundError, "not_found_error"),
    ],
)
async def test_faults_raise_what_anthropic_s_would(
    client: anthropic.AsyncAnthropic, model: str, raised: type[anthropic.APIStatusError], kind: str
) -> None:
    with pytest.raises(raised) as found:
        await client.messages.create(model=model, max_tokens=9, messages=[HELLO])
    assert kind in str(found.value.body)


async def test_an_error_in_the_middle_of_a_stream_is_raised(client: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.APIStatusError, match="while writing the answer"):
        async with client.messages.stream(
            model="fault-error-event-mid-stream", max_tokens=99, messages=[HELLO]
        ) as stream:
            await stream.get_final_message()


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        ("fault-no-done", "message_stop"),
        ("fault-no-finish", "message_delta"),
        ("fault-end-mid-stream", "message_stop"),
        ("fault-no-usage", '"usage":'),
    ],
)
async def test_faults_of_streams_leave_out_what_they_say(
    simulated: httpx2.AsyncClient, model: str, missing: str
) -> None:
    answer = await post(simulated, {"model": model, "max_tokens": 99, "messages": [HELLO], "stream": True})
    assert answer.status_code == 200
    assert missing not in answer.text
    assert "text_delta" in answer.text

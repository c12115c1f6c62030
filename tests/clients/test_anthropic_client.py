"""The official Anthropic client through the gateway, before a provider that speaks OpenAI's format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, ToolParam
from pydantic import BaseModel

from penstock.simulator import tokens
from tests.clients.conversation import CHAT_MODEL
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting

WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
QUESTION: list[MessageParam] = [{"role": "user", "content": "Answer in 30 words."}]


@pytest.fixture(params=["", "/anthropic"])
def claude(request: pytest.FixtureRequest, setting: Setting) -> Iterator[Anthropic]:
    """The client, at both of our paths; it repeats no request."""
    url = setting.gateway_url + request.param
    with Anthropic(base_url=url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        yield client


def test_an_answer_is_whole(claude: Anthropic) -> None:
    message = claude.messages.create(model=CHAT_MODEL, max_tokens=500, system="Be brief.", messages=QUESTION)
    (block,) = message.content
    assert block.type == "text"
    assert (message.role, message.stop_reason, message.model) == ("assistant", "end_turn", CHAT_MODEL)
    assert message.id.startswith("msg_")
    assert message.usage.output_tokens == tokens.count(block.text)
    assert message.usage.input_tokens > 0


def test_a_stream_is_put_together_by_the_client(claude: Anthropic) -> None:
    with claude.messages.stream(model=CHAT_MODEL, max_tokens=500, messages=QUESTION) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    (block,) = message.content
    assert block.type == "text"
    assert len(pieces) > 1
    assert "".join(pieces) == block.text
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == tokens.count(block.text)


def test_tools_are_called_and_their_results_are_taken(claude: Anthropic) -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "Weather in Paris?"}]
    asked = claude.messages.create(
        model=CHAT_MODEL, max_tokens=500, tools=[WEATHER], tool_choice={"type": "any"}, messages=messages
    )
    calls = [block for block in asked.content if block.type == "tool_use"]
    assert calls
    assert asked.stop_reason == "tool_use"
    assert all(isinstance(call.input.get("city"), str) for call in calls)
    results: MessageParam = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"} for call in calls],
    }
    answered = claude.messages.create(
        model=CHAT_MODEL, max_tokens=500, tools=[WEATHER], messages=[*messages, asked.to_param(), results]
    )
    assert answered.stop_reason == "end_turn"


def test_a_streamed_call_is_put_together_by_the_client(claude: Anthropic) -> None:
    with claude.messages.stream(
        model=CHAT_MODEL,
        max_tokens=500,
        tools=[WEATHER],
        tool_choice={"type": "tool", "name": "get_weather"},
        messages=[{"role": "user", "content": "Weather in Paris?"}],
    ) as stream:
        message = stream.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    assert calls
    assert isinstance(calls[0].input["city"], str)
    assert message.stop_reason == "tool_use"


def test_errors_have_the_clients_own_classes(claude: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as unknown:
        claude.messages.create(model="no-such-model", max_tokens=5, messages=QUESTION)
    assert (unknown.value.type, unknown.value.error_code) == ("not_found_error", "model_not_found")
    strange = cast("MessageParam", {"role": "user", "content": [{"type": "video"}]})
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.0\.content\.0\.type"):
        claude.messages.create(model=CHAT_MODEL, max_tokens=5, messages=[strange])
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="sk-unknown").messages.create(model=CHAT_MODEL, max_tokens=5, messages=QUESTION)


def test_models_are_listed(claude: Anthropic) -> None:
    assert CHAT_MODEL in {model.id for model in claude.models.list()}


class Place(BaseModel):
    """Where somebody is."""

    city: str
    floor: int


def test_structured_output_is_parsed(claude: Anthropic) -> None:
    message = claude.messages.parse(model=CHAT_MODEL, max_tokens=500, messages=QUESTION, output_format=Place)
    assert isinstance(message.parsed_output, Place)


async def test_the_asynchronous_client_reads_the_same_stream(setting: Setting) -> None:
    async with (
        AsyncAnthropic(base_url=setting.gateway_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client,
        client.messages.stream(model=CHAT_MODEL, max_tokens=5, messages=QUESTION) as stream,
    ):
        message = await stream.get_final_message()
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 5


def test_counting_is_refused_where_no_provider_counts(claude: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.messages.count_tokens(model=CHAT_MODEL, messages=QUESTION)
    assert refused.value.error_code == "endpoint_not_offered"


def test_what_was_lost_is_told_in_a_header(claude: Anthropic) -> None:
    answer = claude.messages.with_raw_response.create(
        model=CHAT_MODEL,
        max_tokens=5,
        messages=QUESTION,
        system=[{"type": "text", "text": "A long manual.", "cache_control": {"type": "ephemeral"}}],
    )
    assert answer.headers["x-penstock-losses"] == "dropped $.system[0].cache_control"
    assert answer.parse().stop_reason == "max_tokens"

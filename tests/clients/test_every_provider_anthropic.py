"""The official Anthropic client against every provider, whatever format that speaks."""

from __future__ import annotations

import pytest
from anthropic import Anthropic, BadRequestError, InternalServerError, RateLimitError
from anthropic.types import Message, MessageParam, ToolParam, ToolUseBlock
from pydantic import BaseModel

from penstock.providers import all_providers
from tests.clients.provider_rows import ROWS, WITH_COUNTS, Row
from tests.clients.test_tools import QUESTION, RESULTS

WORDS = 30
LIMIT = 500
LOSSES = "x-penstock-losses"
PROMPT: list[MessageParam] = [{"role": "user", "content": f"Write {WORDS} words."}]


class Place(BaseModel):
    """Where somebody is."""

    city: str
    floor: int


class Asked(BaseModel):
    """What a tool is called with."""

    city: str
    days: int


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


def tool(name: str, description: str) -> ToolParam:
    properties = {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}}
    return {
        "name": name,
        "description": description,
        "input_schema": {"type": "object", "properties": properties, "required": ["city", "days"]},
    }


TOOLS = [tool("get_weather", "The weather of a city"), tool("get_time", "The time in a city")]


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def calls_of(message: Message) -> list[ToolUseBlock]:
    """Return the calls, which must be those that the question is about."""
    calls = [block for block in message.content if block.type == "tool_use"]
    assert message.stop_reason == "tool_use"
    assert sorted(call.name for call in calls) == ["get_time", "get_weather"]
    assert len({call.id for call in calls}) == 2
    for call in calls:
        found = Asked.model_validate(call.input)
        assert 1 <= found.days <= 7
    return calls


def with_results(message: Message) -> list[MessageParam]:
    """Return the whole conversation so far: the question, the calls as they came, and their results."""
    results: MessageParam = {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": call.id, "content": RESULTS[call.name]} for call in calls_of(message)
        ],
    }
    return [{"role": "user", "content": QUESTION}, message.to_param(), results]


def test_an_answer_is_whole(claude: Anthropic, row: Row) -> None:
    raw = claude.messages.with_raw_response.create(
        model=row.chat, max_tokens=LIMIT, system="Be brief.", messages=PROMPT
    )
    message = raw.parse()
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert len(text_of(message).split()) == WORDS
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens >= WORDS
    assert raw.headers["x-penstock-backend"] == row.name
    assert raw.headers.get(LOSSES) is None


def test_a_stream_is_whole(claude: Anthropic, row: Row) -> None:
    with claude.messages.stream(model=row.chat, max_tokens=LIMIT, messages=PROMPT) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 3
    assert "".join(pieces) == text_of(message)
    assert len(text_of(message).split()) == WORDS
    assert message.stop_reason == "end_turn"
    assert (message.usage.output_tokens >= WORDS) is row.streams_usage


def test_a_limit_is_kept_and_told(claude: Anthropic, row: Row) -> None:
    message = claude.messages.create(model=row.chat, max_tokens=5, messages=PROMPT)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 5)


def test_tools_are_called_and_their_results_are_used(claude: Anthropic, row: Row) -> None:
    asked = claude.messages.create(
        model=row.chat, max_tokens=LIMIT, tools=TOOLS, messages=[{"role": "user", "content": QUESTION}]
    )
    raw = claude.messages.with_raw_response.create(
        model=row.chat, max_tokens=LIMIT, tools=TOOLS, messages=with_results(asked)
    )
    answered = raw.parse()
    assert (answered.stop_reason, raw.headers.get(LOSSES)) == ("end_turn", None)
    assert all(result in text_of(answered) for result in RESULTS.values())


def test_streamed_calls_can_be_answered(claude: Anthropic, row: Row) -> None:
    with claude.messages.stream(
        model=row.chat, max_tokens=LIMIT, tools=TOOLS, messages=[{"role": "user", "content": QUESTION}]
    ) as stream:
        asked = stream.get_final_message()
    with claude.messages.stream(model=row.chat, max_tokens=LIMIT, tools=TOOLS, messages=with_results(asked)) as stream:
        answered = stream.get_final_message()
    assert answered.stop_reason == "end_turn"
    assert all(result in text_of(answered) for result in RESULTS.values())


def test_structured_output_is_parsed(claude: Anthropic, row: Row) -> None:
    message = claude.messages.parse(model=row.chat, max_tokens=LIMIT, messages=PROMPT, output_format=Place)
    assert isinstance(message.parsed_output, Place)
    assert message.stop_reason == "end_turn"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_losses_have_the_names_that_the_caller_used(claude: Anthropic, *, streamed: bool) -> None:
    raw = claude.messages.with_raw_response.create(
        model=ROWS["mistral"].chat, max_tokens=LIMIT, messages=PROMPT, metadata={"user_id": "u-1"}, stream=streamed
    )
    assert raw.headers.get(LOSSES) == "dropped $.metadata.user_id"


@pytest.mark.parametrize("name", WITH_COUNTS)
def test_a_prompt_is_counted(claude: Anthropic, name: str) -> None:
    model = ROWS[name].chat
    counted = claude.messages.count_tokens(model=model, system="Be brief.", tools=TOOLS, messages=PROMPT)
    charged = claude.messages.create(
        model=model, max_tokens=LIMIT, system="Be brief.", tools=TOOLS, messages=PROMPT
    ).usage.input_tokens
    assert counted.input_tokens == charged
    without = claude.messages.count_tokens(model=model, messages=PROMPT)
    assert 0 < without.input_tokens < charged


@pytest.mark.parametrize("provider", sorted({ROWS[name].provider for name in WITH_COUNTS}))
def test_a_count_that_fails_fails_as_an_answer_does(claude: Anthropic, provider: str) -> None:
    with pytest.raises(RateLimitError):
        claude.messages.count_tokens(model=f"{provider}/fault-429", messages=PROMPT)
    with pytest.raises(InternalServerError):
        claude.messages.count_tokens(model=f"{provider}/fault-close-before-headers", messages=PROMPT)


def test_who_cannot_count_says_so(claude: Anthropic) -> None:
    for row in ROWS.values():
        if all_providers()[row.provider].native_count is None and row.name not in WITH_COUNTS:
            with pytest.raises(BadRequestError, match="does not offer it"):
                claude.messages.count_tokens(model=row.chat, messages=PROMPT)

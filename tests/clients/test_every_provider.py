"""The official OpenAI client against every provider: what a caller writes once works with each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageParam
from pydantic import BaseModel, Field

from tests.clients.conversation import user, words
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.provider_rows import ROWS, WITH_COMPLETIONS, WITH_VECTORS, Row
from tests.clients.reading import finish_reasons_of, usages_of, words_in
from tests.clients.test_tools import QUESTION, RESULTS, TOOLS, calls_of, check_arguments, results_for

WORDS = 30
LOSSES = "x-penstock-losses"


class Turbine(BaseModel):
    name: str
    power_mw: float = Field(ge=0.5, le=800)
    spare: bool | None


class Plant(BaseModel):
    title: str
    turbines: list[Turbine]
    river: str | None


@pytest.fixture(scope="module")
def openai(setting: Setting) -> Iterator[OpenAI]:
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        yield client


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


def repeated(message: ChatCompletionMessage) -> ChatCompletionMessageParam:
    """Return an answer as part of the next question, with all that came in it."""
    return message.model_dump(exclude_none=True)  # type: ignore[return-value]  # the SDK's own way, without a type


def test_an_answer_is_whole(openai: OpenAI, row: Row) -> None:
    raw = openai.chat.completions.with_raw_response.create(
        model=row.chat, messages=[{"role": "system", "content": "Be brief."}, *words(WORDS)]
    )
    answer = raw.parse()
    assert answer.object == "chat.completion"
    [choice] = answer.choices
    assert (choice.index, choice.message.role, choice.finish_reason) == (0, "assistant", "stop")
    assert len((choice.message.content or "").split()) == WORDS
    assert answer.usage is not None
    assert 0 < answer.usage.prompt_tokens < answer.usage.total_tokens
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert raw.headers["x-penstock-backend"] == row.name
    assert raw.headers.get(LOSSES) is None


def test_the_provider_that_answers_is_the_one_that_is_meant(openai: OpenAI, setting: Setting, row: Row) -> None:
    said = f"Hello, {row.name}"
    openai.chat.completions.create(model=row.chat, messages=user(said))
    [seen] = [one for one in setting.seen_requests() if said in one["body"]]
    assert (seen["vendor"], seen["outcome"]) == (row.provider, "answered")


def test_a_stream_is_whole(openai: OpenAI, row: Row) -> None:
    stream = openai.chat.completions.create(
        model=row.chat, messages=words(WORDS), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert words_in(chunks) == WORDS
    assert finish_reasons_of(chunks) == ["stop"]
    assert sum(bool(choice.delta.content) for chunk in chunks for choice in chunk.choices) > 3
    assert [usage.completion_tokens > 0 for usage in usages_of(chunks)] == [True] * row.streams_usage


def test_a_stream_that_asks_for_no_counts_has_none(openai: OpenAI, row: Row) -> None:
    chunks = list(openai.chat.completions.create(model=row.chat, messages=words(WORDS), stream=True))
    assert words_in(chunks) == WORDS
    assert all(chunk.choices for chunk in chunks)


def test_a_limit_is_kept_and_told(openai: OpenAI, row: Row) -> None:
    answer = openai.chat.completions.create(model=row.chat, messages=words(WORDS), max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5


def test_tools_are_called_and_their_results_are_used(openai: OpenAI, row: Row) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    raw = openai.chat.completions.with_raw_response.create(model=row.chat, messages=messages, tools=TOOLS)
    asked = raw.parse().choices[0]
    calls = calls_of(asked.message)
    assert (asked.finish_reason, raw.headers.get(LOSSES)) == ("tool_calls", None)
    assert sorted(call.function.name for call in calls) == ["get_time", "get_weather"]
    assert len({call.id for call in calls}) == 2
    for call in calls:
        check_arguments(call.function.arguments)
    messages += [repeated(asked.message), *results_for(calls)]
    answered = openai.chat.completions.with_raw_response.create(model=row.chat, messages=messages, tools=TOOLS)
    [choice] = answered.parse().choices
    assert (choice.finish_reason, answered.headers.get(LOSSES)) == ("stop", None)
    assert all(result in (choice.message.content or "") for result in RESULTS.values())


def test_streamed_calls_can_be_answered(openai: OpenAI, row: Row) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    with openai.chat.completions.stream(model=row.chat, messages=messages, tools=TOOLS) as stream:
        asked = stream.get_final_completion().choices[0]
    calls = calls_of(asked.message)
    assert asked.finish_reason == "tool_calls"
    assert sorted(call.function.name for call in calls) == ["get_time", "get_weather"]
    for call in calls:
        check_arguments(call.function.arguments)
    messages += [repeated(asked.message), *results_for(calls)]
    with openai.chat.completions.stream(model=row.chat, messages=messages, tools=TOOLS) as stream:
        answered = stream.get_final_completion().choices[0]
    assert answered.finish_reason == "stop"
    assert all(result in (answered.message.content or "") for result in RESULTS.values())


def test_the_callers_choice_of_a_tool_is_kept_or_reported(openai: OpenAI, row: Row) -> None:
    raw = openai.chat.completions.with_raw_response.create(
        model=row.chat,
        messages=user("Hello"),
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "get_time"}},
    )
    if not row.always_thinks:
        assert [call.function.name for call in calls_of(raw.parse().choices[0].message)] == ["get_time"]
    assert raw.headers.get(LOSSES) == ("approximated $.tool_choice" if row.approximates_choice else None)


def test_structured_output_is_parsed(openai: OpenAI, row: Row) -> None:
    answer = openai.chat.completions.parse(model=row.chat, messages=user("A power plant."), response_format=Plant)
    assert isinstance(answer.choices[0].message.parsed, Plant)
    assert answer.choices[0].finish_reason == "stop"
    assert not answer.choices[0].message.tool_calls


def test_streamed_structured_output_is_parsed(openai: OpenAI, row: Row) -> None:
    with openai.chat.completions.stream(
        model=row.chat, messages=user("A power plant."), response_format=Plant
    ) as stream:
        answer = stream.get_final_completion()
    assert isinstance(answer.choices[0].message.parsed, Plant)
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("name", WITH_VECTORS)
def test_texts_become_vectors(openai: OpenAI, name: str) -> None:
    raw = openai.embeddings.with_raw_response.create(model=ROWS[name].embeddings, input=["a river", "a turbine"])
    made = raw.parse()
    assert raw.headers["x-penstock-backend"] == name
    assert [one.index for one in made.data] == [0, 1]
    assert len(made.data[0].embedding) == len(made.data[1].embedding) > 100
    assert made.data[0].embedding != made.data[1].embedding
    single = openai.embeddings.create(model=ROWS[name].embeddings, input="a river", encoding_format="float")
    assert single.data[0].embedding == pytest.approx(made.data[0].embedding, abs=1e-6)


@pytest.mark.parametrize("name", WITH_COMPLETIONS)
def test_a_text_goes_on(openai: OpenAI, name: str) -> None:
    raw = openai.completions.with_raw_response.create(model=ROWS[name].chat, prompt="Once upon", max_tokens=12)
    answer = raw.parse()
    assert raw.headers["x-penstock-backend"] == name
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 12
    stream = openai.completions.create(model=ROWS[name].chat, prompt="Once upon", max_tokens=12, stream=True)
    assert "".join(one.choices[0].text for one in stream if one.choices) == answer.choices[0].text

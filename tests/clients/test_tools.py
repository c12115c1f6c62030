"""Tools: offered, called, answered and used, as the official Python clients do it through the gateway."""

from __future__ import annotations

import json

import openai
from openai import AsyncOpenAI
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessage,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
    ChatCompletionToolMessageParam,
)
from pydantic import BaseModel

from tests.clients.conversation import CHAT_MODEL, user

QUESTION = "How is the weather in Paris, and what time is it there?"
RESULTS = {"get_weather": "rain, 12 °C", "get_time": "14:05"}


def tool(name: str, description: str) -> ChatCompletionFunctionToolParam:
    parameters: dict[str, object] = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS = [tool("get_weather", "The weather of a city"), tool("get_time", "The time in a city")]


class GetWeather(BaseModel):
    """The weather of a city."""

    city: str
    days: int


def calls_of(message: ChatCompletionMessage) -> list[ChatCompletionMessageFunctionToolCall]:
    return [call for call in message.tool_calls or () if call.type == "function"]


def repeated(calls: list[ChatCompletionMessageFunctionToolCall]) -> ChatCompletionAssistantMessageParam:
    return {
        "role": "assistant",
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in calls
        ],
    }


def results_for(calls: list[ChatCompletionMessageFunctionToolCall]) -> list[ChatCompletionToolMessageParam]:
    return [{"role": "tool", "tool_call_id": call.id, "content": RESULTS[call.function.name]} for call in calls]


def check_arguments(text: str) -> None:
    arguments = json.loads(text)
    assert isinstance(arguments["city"], str)
    assert 1 <= arguments["days"] <= 7


async def test_parallel_calls_are_made_and_their_results_are_used(client: AsyncOpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    asked = await client.chat.completions.create(model=CHAT_MODEL, messages=messages, tools=TOOLS)
    assert asked.choices[0].finish_reason == "tool_calls"
    message = asked.choices[0].message
    calls = calls_of(message)
    assert sorted(call.function.name for call in calls) == ["get_time", "get_weather"]
    assert len({call.id for call in calls}) == 2
    for call in calls:
        check_arguments(call.function.arguments)

    messages += [repeated(calls), *results_for(calls)]
    answered = await client.chat.completions.create(model=CHAT_MODEL, messages=messages, tools=TOOLS)
    assert answered.choices[0].finish_reason == "stop"
    assert all(f"“{result}”" in (answered.choices[0].message.content or "") for result in RESULTS.values())


async def test_one_call_when_parallel_ones_are_not_wanted(client: AsyncOpenAI) -> None:
    asked = await client.chat.completions.create(
        model=CHAT_MODEL, messages=user(QUESTION), tools=TOOLS, parallel_tool_calls=False
    )
    assert len(calls_of(asked.choices[0].message)) == 1


async def test_the_callers_choice_of_a_tool_is_kept(client: AsyncOpenAI) -> None:
    asked = await client.chat.completions.create(
        model=CHAT_MODEL,
        messages=user("Hello"),
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "get_time"}},
    )
    assert [call.function.name for call in calls_of(asked.choices[0].message)] == ["get_time"]
    refused = await client.chat.completions.create(
        model=CHAT_MODEL, messages=user(QUESTION), tools=TOOLS, tool_choice="none"
    )
    assert calls_of(refused.choices[0].message) == []


async def test_streamed_arguments_add_up_to_those_of_the_whole_answer(client: AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model=CHAT_MODEL, messages=user(QUESTION), tools=TOOLS)
    stream = await client.chat.completions.create(model=CHAT_MODEL, messages=user(QUESTION), tools=TOOLS, stream=True)
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    pieces = 0
    finish_reasons = []
    async for chunk in stream:
        for choice in chunk.choices:
            finish_reasons += [choice.finish_reason] if choice.finish_reason else []
            for delta in choice.delta.tool_calls or ():
                assert delta.function is not None
                pieces += 1
                names[delta.index] = names.get(delta.index, "") + (delta.function.name or "")
                arguments[delta.index] = arguments.get(delta.index, "") + (delta.function.arguments or "")
    expected = [(call.function.name, call.function.arguments) for call in calls_of(whole.choices[0].message)]
    assert [(names[index], arguments[index]) for index in sorted(names)] == expected
    assert pieces > len(expected), "arguments come in more than one piece"
    assert finish_reasons == ["tool_calls"]


async def test_the_streaming_helper_parses_arguments_into_a_model(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(
        model=CHAT_MODEL,
        messages=user("How is the weather in Paris?"),
        tools=[openai.pydantic_function_tool(GetWeather)],
    ) as stream:
        events = [event async for event in stream]
        answer = await stream.get_final_completion()
    deltas = [event for event in events if event.type == "tool_calls.function.arguments.delta"]
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert len(deltas) > 1
    assert [event.name for event in done] == ["GetWeather"]
    assert answer.choices[0].finish_reason == "tool_calls"
    [call] = answer.choices[0].message.tool_calls or []
    assert "".join(event.arguments_delta for event in deltas) == call.function.arguments
    assert isinstance(call.function.parsed_arguments, GetWeather)


async def test_parse_turns_arguments_into_a_model(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(
        model=CHAT_MODEL,
        messages=user("How is the weather in Paris?"),
        tools=[openai.pydantic_function_tool(GetWeather)],
    )
    [call] = answer.choices[0].message.tool_calls or []
    assert isinstance(call.function.parsed_arguments, GetWeather)

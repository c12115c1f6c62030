"""Structured outputs: answers that the official Python clients parse into the caller's own models."""

from __future__ import annotations

import json
from enum import Enum

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel, Field

from tests.clients.conversation import CHAT_MODEL, user


class Kind(Enum):
    KAPLAN = "kaplan"
    PELTON = "pelton"


class Turbine(BaseModel):
    name: str
    kind: Kind
    power_mw: float = Field(ge=0.5, le=800)
    spare: bool | None


class Plant(BaseModel):
    title: str
    turbines: list[Turbine] = Field(min_length=2, max_length=3)
    river: str | None


QUESTION = user("Describe a power plant.")


async def test_parse_returns_the_callers_model(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(model=CHAT_MODEL, messages=QUESTION, response_format=Plant)
    message = answer.choices[0].message
    assert isinstance(message.parsed, Plant)
    assert Plant.model_validate_json(message.content or "") == message.parsed
    assert message.refusal is None


async def test_the_streaming_helper_ends_with_the_callers_model(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model=CHAT_MODEL, messages=QUESTION, response_format=Plant) as stream:
        events = [event async for event in stream]
        answer = await stream.get_final_completion()
    assert isinstance(answer.choices[0].message.parsed, Plant)
    [done] = [event for event in events if event.type == "content.done"]
    assert done.parsed == answer.choices[0].message.parsed


async def test_an_answer_that_is_cut_is_not_taken_for_a_whole_one(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        await client.chat.completions.parse(
            model=CHAT_MODEL, messages=QUESTION, response_format=Plant, max_completion_tokens=3
        )


async def test_a_json_object_of_any_kind(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=CHAT_MODEL, messages=user("Answer in JSON."), response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


async def test_a_schema_that_the_provider_refuses(client: AsyncOpenAI) -> None:
    schema: dict[str, object] = {"type": "object", "properties": {"name": {"type": "string"}}}
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(
            model=CHAT_MODEL,
            messages=QUESTION,
            response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}},
        )
    assert caught.value.param == "response_format"

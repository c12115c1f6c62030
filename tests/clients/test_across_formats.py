"""One request, or one conversation, on its way through providers of several formats; and callers who leave."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.clients.conversation import fresh, user, words
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.reading import finish_reasons_of, words_in
from tests.clients.test_every_provider import repeated
from tests.clients.test_every_provider_anthropic import PROMPT, WORDS, text_of
from tests.clients.test_faults_of_formats import FORMATS
from tests.clients.test_tools import QUESTION, RESULTS, TOOLS, calls_of, results_for

LAST = ("anthropic", "bedrock", "gemini-native", "openai")
"""Who answers in the end."""


@pytest.fixture(scope="module")
def client(setting: Setting) -> Iterator[OpenAI]:
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as one:
        yield one


@pytest.mark.parametrize("name", LAST)
def test_another_provider_answers_in_its_place(client: OpenAI, name: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=f"across/{name}", messages=words(WORDS))
    [choice] = raw.parse().choices
    assert (raw.headers["x-penstock-backend"], raw.headers["x-penstock-attempts"]) == (name, "4")
    assert len((choice.message.content or "").split()) == WORDS


@pytest.mark.parametrize("name", LAST)
def test_another_provider_streams_in_its_place(client: OpenAI, name: str) -> None:
    chunks = list(client.chat.completions.create(model=f"across/{name}", messages=words(WORDS), stream=True))
    assert words_in(chunks) == WORDS
    assert finish_reasons_of(chunks) == ["stop"]


@pytest.mark.parametrize("name", LAST)
def test_tools_are_used_in_its_place(client: OpenAI, name: str) -> None:
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    asked = client.chat.completions.create(model=f"across/{name}", messages=messages, tools=TOOLS).choices[0].message
    messages += [repeated(asked), *results_for(calls_of(asked))]
    answered = client.chat.completions.create(model=f"across/{name}", messages=messages, tools=TOOLS)
    assert all(result in (answered.choices[0].message.content or "") for result in RESULTS.values())


@pytest.mark.parametrize("name", LAST)
def test_a_client_of_anthropics_is_answered_in_its_place(claude: Anthropic, name: str) -> None:
    message = claude.messages.create(model=f"across/{name}", max_tokens=500, messages=PROMPT)
    assert len(text_of(message).split()) == WORDS
    with claude.messages.stream(model=f"across/{name}", max_tokens=500, messages=PROMPT) as stream:
        assert len(text_of(stream.get_final_message()).split()) == WORDS


def test_losses_are_those_of_the_provider_that_answers(client: OpenAI) -> None:
    losses = {
        name: client.chat.completions.with_raw_response.create(
            model=f"across/{name}", messages=words(WORDS), seed=1
        ).headers.get("x-penstock-losses")
        for name in LAST
    }
    assert losses == {"anthropic": "dropped $.seed", "bedrock": "dropped $.seed", "gemini-native": None, "openai": None}


def test_the_last_refusal_is_told_when_nobody_answers(client: OpenAI, claude: Anthropic) -> None:
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="across/nobody", messages=words(WORDS))
    with pytest.raises(anthropic.RateLimitError):
        claude.messages.create(model="across/nobody", max_tokens=5, messages=PROMPT)


@pytest.mark.parametrize("model", ["{}/chat", "across/{}"])
def test_what_one_vendor_signed_does_not_stop_another(client: OpenAI, model: str) -> None:
    """A conversation goes on with a model of another vendor, who has not signed what was thought before."""
    messages: list[ChatCompletionMessageParam] = [*user(QUESTION)]
    for name in ("anthropic", "gemini-native", "bedrock", "anthropic", "openai", "gemini-native"):
        answered = client.chat.completions.create(
            model=model.format(name), messages=messages, tools=TOOLS, reasoning_effort="high"
        )
        message = answered.choices[0].message
        messages += [repeated(message), *results_for(calls_of(message))]
        messages += [] if calls_of(message) else user(f"Once more: {QUESTION}")
    assert len(messages) > 12


@pytest.mark.parametrize("name", FORMATS)
async def test_a_caller_who_leaves_ends_the_request_to_the_provider(setting: Setting, name: str) -> None:
    model = fresh("fault-stall-mid-stream-600s")
    async with (
        AsyncOpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client,
        await client.chat.completions.create(model=f"{name}/{model}", messages=words(50), stream=True) as stream,
    ):
        async for _ in stream:
            break
    await asyncio.to_thread(setting.wait_until_cancelled_upstream, model)
    await asyncio.to_thread(setting.wait_until_idle)

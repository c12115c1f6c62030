"""An agent framework in front of the gateway: pydantic-ai runs its loop of tools against every provider.

It speaks OpenAI's chat format and Anthropic's messages by the official SDKs, and adds, repeats and leaves out what it
likes. The frameworks for Node are in ``node/ai-sdk.test.mjs``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import AgentStreamEvent, PartDeltaEvent, TextPartDelta
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIChatModelSettings
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings

from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.provider_rows import ROWS, WITH_SIGNATURES, Row

QUESTION = "How is the weather in Paris, and what time is it there?"


class Place(BaseModel):
    """Where somebody is."""

    city: str
    floor: int


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


@pytest_asyncio.fixture(params=["openai", "anthropic"])
async def model(request: pytest.FixtureRequest, setting: Setting, row: Row) -> AsyncIterator[Model]:
    if request.param == "openai":
        async with AsyncOpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as openai:
            yield OpenAIChatModel(row.chat, provider=OpenAIProvider(openai_client=openai))
    else:
        async with AsyncAnthropic(
            base_url=setting.gateway_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S
        ) as claude:
            yield AnthropicModel(row.chat, provider=AnthropicProvider(anthropic_client=claude))


def agent_with_tools(model: Model) -> tuple[Agent[None, str], list[str]]:
    """Return an agent, and the list to which its tools add when they are called."""
    called: list[str] = []
    agent = Agent(model, instructions="Be brief.")

    @agent.tool_plain
    def get_weather(city: str, days: int) -> str:
        """The weather of a city."""
        called.append("get_weather")
        return "rain, 12 °C"

    @agent.tool_plain
    def get_time(city: str) -> dict[str, str]:
        """The time in a city."""
        called.append("get_time")
        return {"clock": "14:05"}

    return agent, called


async def test_an_agent_uses_its_tools(model: Model) -> None:
    agent, called = agent_with_tools(model)
    ran = await agent.run(QUESTION)
    assert sorted(called) == ["get_time", "get_weather"]
    assert "rain, 12 °C" in ran.output
    assert "14:05" in ran.output
    assert ran.usage.requests == 2
    assert ran.usage.input_tokens > 0
    assert ran.usage.output_tokens > 0


async def test_an_agent_goes_on_with_what_was_said(model: Model) -> None:
    agent, called = agent_with_tools(model)
    first = await agent.run(QUESTION)
    second = await agent.run("What is the time now?", message_history=first.all_messages())
    assert called.count("get_time") == 2
    assert "14:05" in second.output


async def test_an_agent_streams(model: Model) -> None:
    agent, called = agent_with_tools(model)
    pieces: list[str] = []

    async def listen(_context: object, events: AsyncIterable[AgentStreamEvent]) -> None:
        said = [event.delta async for event in events if isinstance(event, PartDeltaEvent)]
        pieces.extend(delta.content_delta for delta in said if isinstance(delta, TextPartDelta))

    ran = await agent.run(QUESTION, event_stream_handler=listen)
    assert sorted(called) == ["get_time", "get_weather"]
    assert len(pieces) > 3
    assert "14:05" in "".join(pieces)
    assert "14:05" in ran.output


async def test_an_agent_answers_in_a_form(model: Model) -> None:
    ran = await Agent(model, output_type=Place).run("Where is he?")
    assert isinstance(ran.output, Place)


def that_thinks(model: Model, row: Row) -> ModelSettings:
    """Return settings by which a model is asked to think, in the words of its client."""
    if isinstance(model, OpenAIChatModel):
        return OpenAIChatModelSettings(openai_reasoning_effort="high")
    if row.always_thinks:
        return AnthropicModelSettings(anthropic_thinking={"type": "adaptive"})
    return AnthropicModelSettings(anthropic_thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=4000)


@pytest.mark.parametrize("row", [ROWS[name] for name in WITH_SIGNATURES], ids=WITH_SIGNATURES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_an_agent_that_thinks_uses_its_tools(model: Model, row: Row, *, streamed: bool) -> None:
    agent, called = agent_with_tools(model)

    async def listen(_context: object, events: AsyncIterable[AgentStreamEvent]) -> None:
        async for _ in events:
            pass

    settings = that_thinks(model, row)
    ran = await agent.run(QUESTION, model_settings=settings, event_stream_handler=listen if streamed else None)
    again = await agent.run(QUESTION, model_settings=settings, message_history=ran.all_messages())
    assert sorted(called) == ["get_time", "get_time", "get_weather", "get_weather"]
    assert "14:05" in again.output

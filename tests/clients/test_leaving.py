"""Callers who leave: the gateway's request to the provider ends at once, whatever the provider still has to say."""

from __future__ import annotations

import asyncio

import openai
import pytest
from openai import AsyncOpenAI

from tests.clients.conversation import fresh, user, words
from tests.clients.penstock_processes import CLIENT_KEY, Setting, wait_until
from tests.clients.reading import read_until_error, words_in

HELLO = user("Hello")
PATIENCE_S = 1.0
"""Of a client that gives up: long enough for its request to have reached the provider."""


async def test_a_client_that_gives_up_waiting_for_the_head(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-slow-headers-600s")
    with pytest.raises(openai.APITimeoutError):
        await client.with_options(timeout=PATIENCE_S).chat.completions.create(model=model, messages=HELLO)
    setting.wait_until_cancelled_upstream(model)
    setting.wait_until_idle()


async def test_a_client_that_gives_up_waiting_for_the_first_event(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-slow-first-token-600s")
    with pytest.raises(openai.APITimeoutError):
        await client.with_options(timeout=PATIENCE_S).chat.completions.create(model=model, messages=HELLO, stream=True)
    setting.wait_until_cancelled_upstream(model)
    setting.wait_until_idle()


async def test_a_client_that_gives_up_in_the_middle_of_a_stream(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-stall-mid-stream-600s")
    hasty = client.with_options(timeout=PATIENCE_S)
    chunks, error = await read_until_error(
        await hasty.chat.completions.create(model=model, messages=words(50), stream=True)
    )
    assert isinstance(error, openai.APIConnectionError)
    assert words_in(chunks)
    setting.wait_until_cancelled_upstream(model)
    setting.wait_until_idle()


async def test_a_client_that_leaves_a_stream(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-stall-mid-stream-600s")
    async with await client.chat.completions.create(model=model, messages=words(50), stream=True) as stream:
        async for _ in stream:
            break
        assert any(setting.busy().values())
    setting.wait_until_cancelled_upstream(model)
    setting.wait_until_idle()


async def test_a_client_that_leaves_the_streaming_helper(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-stall-mid-stream-600s")
    async with client.chat.completions.stream(model=model, messages=words(50)) as stream:
        async for event in stream:
            if event.type == "content.delta":
                break
        assert any(setting.busy().values())
    setting.wait_until_cancelled_upstream(model)
    setting.wait_until_idle()


async def test_a_task_that_is_cancelled_while_it_waits(setting: Setting) -> None:
    model = fresh("fault-slow-body-600s")
    async with AsyncOpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0) as client:
        task = asyncio.create_task(client.chat.completions.create(model=model, messages=HELLO))
        await asyncio.to_thread(wait_until, lambda: bool(setting.seen_upstream(model)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    setting.wait_until_cancelled_upstream(model)
    setting.wait_until_idle()


async def test_a_client_that_leaves_disturbs_no_other(setting: Setting) -> None:
    model = fresh("fault-stall-mid-stream-600s")
    async with AsyncOpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0) as client:
        others = [
            asyncio.create_task(client.chat.completions.create(model=fresh("fault-slow-body-0.5s"), messages=words(30)))
            for _ in range(5)
        ]
        async with await client.chat.completions.create(model=model, messages=words(50), stream=True) as stream:
            async for _ in stream:
                break
        answers = await asyncio.gather(*others)
    assert [len((answer.choices[0].message.content or "").split()) for answer in answers] == [30] * 5

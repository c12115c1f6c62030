"""Streamed chat completions, as the official Python clients see them through the gateway."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI

from tests.clients.conversation import CHAT_MODEL, fresh, words
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.reading import finish_reasons_of, pieces_of, usages_of, words_in


async def test_a_stream_is_whole_and_without_usage_when_none_is_asked_for(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model=CHAT_MODEL, messages=words(50), stream=True)
    chunks = [chunk async for chunk in stream]
    assert words_in(chunks) == 50
    assert finish_reasons_of(chunks) == ["stop"]
    assert usages_of(chunks) == []
    assert all(chunk.choices for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_stream_ends_with_usage_when_it_is_asked_for(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=CHAT_MODEL, messages=words(50), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert words_in(chunks) == 50
    assert finish_reasons_of(chunks) == ["stop"]
    assert [usage.completion_tokens for usage in usages_of(chunks)] == [len(pieces_of(chunks))]
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []


async def test_usage_that_is_expressly_not_wanted_is_not_there(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=CHAT_MODEL, messages=words(20), stream=True, stream_options={"include_usage": False}
    )
    chunks = [chunk async for chunk in stream]
    assert words_in(chunks) == 20
    assert usages_of(chunks) == []


async def test_choices_of_one_stream_stay_apart(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model=CHAT_MODEL, messages=words(20), stream=True, n=3)
    texts = ["", "", ""]
    finish_reasons = ["", "", ""]
    async for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            finish_reasons[choice.index] += choice.finish_reason or ""
    assert [len(text.split()) for text in texts] == [20, 20, 20]
    assert finish_reasons == ["stop", "stop", "stop"]


async def test_events_come_while_the_provider_is_still_writing(client: AsyncOpenAI, setting: Setting) -> None:
    model = fresh("fault-stall-mid-stream-600s")
    async with await client.chat.completions.create(model=model, messages=words(50), stream=True) as stream:
        async for chunk in stream:
            if pieces_of([chunk]):
                break
        assert [one["outcome"] for one in setting.seen_upstream(model)] == ["in progress"]


async def test_the_streaming_helper_puts_the_answer_together(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(
        model=CHAT_MODEL, messages=words(50), stream_options={"include_usage": True}
    ) as stream:
        events = [event async for event in stream]
        answer = await stream.get_final_completion()
    deltas = [event.delta for event in events if event.type == "content.delta" and event.delta]
    text = answer.choices[0].message.content or ""
    assert len(text.split()) == 50
    assert "".join(deltas) == text
    assert [event.content for event in events if event.type == "content.done"] == [text]
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == len(deltas)


async def test_a_stream_tells_its_backend_before_its_first_event(client: AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(model=CHAT_MODEL, messages=words(5), stream=True)
    assert raw.headers["x-penstock-backend"] == "openai"
    assert raw.headers["x-penstock-request-id"].startswith("req_")
    assert raw.headers["content-type"].startswith("text/event-stream")


async def test_twenty_streams_at_once_get_an_answer_each(setting: Setting) -> None:
    async def count_words(client: AsyncOpenAI, count: int) -> int:
        model = fresh("fault-slow-body-0.5s")
        stream = await client.chat.completions.create(model=model, messages=words(count), stream=True)
        return words_in([chunk async for chunk in stream])

    async with AsyncOpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        counts = range(20, 40)
        assert await asyncio.gather(*(count_words(client, count) for count in counts)) == list(counts)

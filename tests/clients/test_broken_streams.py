"""Streams that break behind the gateway: the official Python clients raise, and never end as if all were said."""

from __future__ import annotations

import pytest
from openai import AsyncOpenAI

from tests.clients.conversation import fresh, words
from tests.clients.penstock_processes import Setting
from tests.clients.reading import finish_reasons_of, read_until_error, words_in

BREAKS = {
    "fault-cut-mid-stream": "upstream_broke_off",
    "fault-reset-mid-stream": "upstream_broke_off",
    "fault-end-mid-stream": "upstream_broke_off",
    "fault-half-event": "upstream_invalid",
    "fault-malformed-event": "upstream_invalid",
    "fault-error-event-mid-stream": "server_error",
}
"""Model to the code of the error that the caller gets after the first part."""


@pytest.mark.parametrize(("model", "code"), BREAKS.items())
async def test_a_chat_stream_that_breaks_raises_after_its_first_part(
    client: AsyncOpenAI, model: str, code: str
) -> None:
    stream = await client.chat.completions.create(model=model, messages=words(50), stream=True)
    chunks, error = await read_until_error(stream)
    assert error.code == code
    assert error.message
    assert 0 < words_in(chunks) < 50
    assert finish_reasons_of(chunks) == []


@pytest.mark.parametrize("model", ["fault-cut-mid-stream", "fault-malformed-event"])
async def test_a_completion_stream_that_breaks_raises(client: AsyncOpenAI, model: str) -> None:
    chunks, error = await read_until_error(await client.completions.create(model=model, prompt="Once", stream=True))
    assert str(error.code).startswith("upstream_")
    assert any(choice.text for chunk in chunks for choice in chunk.choices)


async def test_the_streaming_helper_raises_too(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model="fault-cut-mid-stream", messages=words(50)) as stream:
        events, error = await read_until_error(stream)
    assert error.code == "upstream_broke_off"
    kinds = {event.type for event in events}
    assert "content.delta" in kinds
    assert "content.done" not in kinds


async def test_a_stalled_stream_is_given_up_upstream(client: AsyncOpenAI, setting: Setting) -> None:
    fault = fresh("fault-stall-mid-stream-600s")
    stream = await client.chat.completions.create(model=f"impatient/{fault}", messages=words(50), stream=True)
    chunks, error = await read_until_error(stream)
    assert error.code == "upstream_timeout"
    assert 0 < words_in(chunks) < 50
    setting.wait_until_cancelled_upstream(fault)
    setting.wait_until_idle()

"""What clients of OpenAI's format write is taken by providers of every format, who refuse what the real ones refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk

from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting
from tests.clients.provider_rows import ROWS
from tests.clients.requests_of_every_shape import REQUESTS

FORMATS = ("openai", "anthropic", "bedrock", "bedrock-claude", "bedrock-anthropic", "cohere-native", "gemini-native")
REFUSED = {("cohere-native", "document"): "unsupported_content"}
"""What would change the question if it were left out."""


@pytest.fixture(scope="module")
def client(setting: Setting) -> Iterator[OpenAI]:
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as one:
        yield one


def whole(client: OpenAI, body: dict[str, Any]) -> set[str]:
    answer = client.chat.completions.create(**body)
    for choice in answer.choices:
        assert choice.message.content or choice.message.tool_calls or choice.finish_reason == "length"
    return {choice.finish_reason for choice in answer.choices}


def streamed(client: OpenAI, body: dict[str, Any]) -> set[str]:
    chunks: list[ChatCompletionChunk] = list(client.chat.completions.create(**body, stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    ended: set[str] = {choice.finish_reason for choice in choices if choice.finish_reason}
    assert any(choice.delta.content or choice.delta.tool_calls for choice in choices) or ended == {"length"}
    return ended


@pytest.mark.parametrize("shape", REQUESTS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_request_is_taken(client: OpenAI, name: str, shape: str) -> None:
    body = {"model": ROWS[name].chat, **REQUESTS[shape]}
    if (name, shape) in REFUSED:
        with pytest.raises(openai.BadRequestError) as refused:
            whole(client, body)
        assert refused.value.code == REFUSED[name, shape]
        return
    ended = whole(client, body)
    assert ended <= {"stop", "length", "tool_calls"}
    assert streamed(client, body) == ended

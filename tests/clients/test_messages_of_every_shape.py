"""What clients of Anthropic's format write is taken by providers of every format, who refuse what real ones refuse."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message

from tests.clients.provider_rows import ROWS
from tests.clients.requests_of_every_shape import DOCUMENT, PIXEL

FORMATS = ("openai", "anthropic", "bedrock", "bedrock-claude", "bedrock-anthropic", "cohere-native", "gemini-native")
HELLO = {"role": "user", "content": "Hello"}
MARK = {"type": "ephemeral"}
TOOL = {"name": "ping", "input_schema": {"type": "object"}}
WEATHER = {
    "name": "weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
FORM = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
PICTURE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": b64encode(PIXEL).decode()},
}
PDF = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": b64encode(DOCUMENT).decode()},
}
FOUND = {
    "type": "search_result",
    "source": "https://a.example",
    "title": "Hours",
    "content": [{"type": "text", "text": "Nine to five."}],
}


def _user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [*blocks, {"type": "text", "text": "What is it?"}]}


def _called(*ids: str) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": id_, "name": "ping", "input": {}} for id_ in ids],
    }


def _results(*results: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", **result} for result in results]}


REQUESTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "image": {"messages": [_user(PICTURE)]},
        "document": {"messages": [_user(PDF)]},
        "document that is text": {
            "messages": [
                _user(
                    {
                        "type": "document",
                        "title": "T",
                        "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                    }
                )
            ]
        },
        "search result": {"messages": [_user({**FOUND, "cache_control": MARK})]},
        "system of several texts": {
            "system": [{"type": "text", "text": "A", "cache_control": MARK}, {"type": "text", "text": "B"}],
            "messages": [HELLO],
        },
        "two users in a row": {"messages": [HELLO, HELLO]},
        "assistant first": {"messages": [{"role": "assistant", "content": "Hi"}, HELLO]},
        "assistant last": {"messages": [HELLO, {"role": "assistant", "content": "Once"}]},
        "stops": {"messages": [HELLO], "stop_sequences": ["nowhere at all"]},
        "sampling": {"messages": [HELLO], "extra_body": {"temperature": 0.5, "top_k": 5}},
        "account": {"messages": [HELLO], "metadata": {"user_id": "u"}, "service_tier": "auto"},
        "form": {"messages": [HELLO], "output_config": {"format": {"type": "json_schema", "schema": FORM}}},
        "form beside tools": {
            "messages": [HELLO],
            "tools": [WEATHER],
            "output_config": {"format": {"type": "json_schema", "schema": FORM}},
        },
        "tool required": {"messages": [HELLO], "tools": [WEATHER], "tool_choice": {"type": "any"}},
        "tool named": {"messages": [HELLO], "tools": [TOOL, WEATHER], "tool_choice": {"type": "tool", "name": "ping"}},
        "no tool": {"messages": [HELLO], "tools": [WEATHER], "tool_choice": {"type": "none"}},
        "one tool at a time": {
            "messages": [HELLO],
            "tools": [WEATHER],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        },
        "tool marked for the cache": {"messages": [HELLO], "tools": [{**TOOL, "cache_control": MARK}]},
        "results of calls": {
            "messages": [
                HELLO,
                _called("toolu_1", "toolu_2"),
                _results(
                    {"tool_use_id": "toolu_1", "content": "pong"},
                    {"tool_use_id": "toolu_2", "content": [{"type": "text", "text": "no"}], "is_error": True},
                ),
            ],
            "tools": [TOOL],
        },
        "result that is empty": {
            "messages": [HELLO, _called("toolu_1"), _results({"tool_use_id": "toolu_1"})],
            "tools": [TOOL],
        },
        "result that failed without a word": {
            "messages": [HELLO, _called("toolu_1"), _results({"tool_use_id": "toolu_1", "is_error": True})],
            "tools": [TOOL],
        },
        "result with a picture": {
            "messages": [
                HELLO,
                _called("toolu_1"),
                _results({"tool_use_id": "toolu_1", "content": [{"type": "text", "text": "See."}, PICTURE]}),
            ],
            "tools": [TOOL],
        },
        "result of a search": {
            "messages": [HELLO, _called("toolu_1"), _results({"tool_use_id": "toolu_1", "content": [FOUND]})],
            "tools": [TOOL],
        },
        "call of a tool that is gone": {
            "messages": [HELLO, _called("toolu_1"), _results({"tool_use_id": "toolu_1", "content": "pong"})]
        },
        "foreign thinking": {
            "messages": [
                HELLO,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": ""},
                        {"type": "text", "text": "Hi"},
                    ],
                },
                HELLO,
            ]
        },
    }
)
"""Bodies without a model, by what is special about them."""
REFUSED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        # what would change the question if it were left out
        ("cohere-native", "document"): "cannot be sent to this model",
        ("cohere-native", "result with a picture"): "cannot be sent to this model",
        # what is passed on as it is, to a provider that refuses it
        ("anthropic", "assistant first"): 'must use the "user" role',
        ("anthropic", "assistant last"): "does not support assistant message prefill",
        ("anthropic", "sampling"): "`temperature` is deprecated for this model",
        ("bedrock-anthropic", "assistant first"): 'must use the "user" role',
    }
)


def whole(claude: Anthropic, body: dict[str, Any]) -> str | None:
    answer: Message = claude.messages.create(**body)
    assert answer.content
    assert answer.usage.output_tokens > 0
    return answer.stop_reason


def streamed(claude: Anthropic, body: dict[str, Any]) -> str | None:
    with claude.messages.stream(**body) as stream:
        answer = stream.get_final_message()
    assert answer.content
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    return answer.stop_reason


@pytest.mark.parametrize("shape", REQUESTS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_request_is_taken(claude: Anthropic, name: str, shape: str) -> None:
    body = {"model": ROWS[name].chat, "max_tokens": 3000, **REQUESTS[shape]}
    if (name, shape) in REFUSED:
        with pytest.raises(anthropic.BadRequestError, match=REFUSED[name, shape]):
            whole(claude, body)
        return
    ended = whole(claude, body)
    assert ended in {"end_turn", "tool_use", "stop_sequence"}
    assert streamed(claude, body) == ended

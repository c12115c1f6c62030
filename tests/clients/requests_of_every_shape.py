"""Requests as clients of OpenAI's format write them: one of each shape that a provider could stumble over."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.clients.test_tools import TOOLS

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
DOCUMENT = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF"
HELLO = {"role": "user", "content": "Hello"}
PING = {"type": "function", "function": {"name": "ping"}}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "ping", "arguments": ""}}],
}
FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "form",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    },
}


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"


def _user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]}


def _result(content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "call_1", "content": content}


REQUESTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "image": {"messages": [_user({"type": "image_url", "image_url": {"url": _data_uri("image/png", PIXEL)}})]},
        "document": {
            "messages": [
                _user(
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": _data_uri("application/pdf", DOCUMENT)}}
                )
            ]
        },
        "developer and system": {
            "messages": [{"role": "developer", "content": "A"}, {"role": "system", "content": "B"}, HELLO]
        },
        "system in the middle": {
            "messages": [
                HELLO,
                {"role": "assistant", "content": "Hi"},
                {"role": "system", "content": "Be nice."},
                HELLO,
            ]
        },
        "system alone": {"messages": [{"role": "system", "content": "Say hello."}]},
        "two users in a row": {"messages": [HELLO, HELLO]},
        "name of a user": {"messages": [{**HELLO, "name": "bob"}]},
        "assistant first": {"messages": [{"role": "assistant", "content": "Hi"}, HELLO]},
        "assistant last": {"messages": [HELLO, {"role": "assistant", "content": "Once"}]},
        "assistant that said nothing": {"messages": [HELLO, {"role": "assistant", "content": ""}, HELLO]},
        "sampling": {"messages": [HELLO], "temperature": 0.5, "top_p": 0.9, "seed": 1},
        "hot": {"messages": [HELLO], "temperature": 1.5, "frequency_penalty": 0.5, "presence_penalty": 0.5},
        "stop": {"messages": [HELLO], "stop": ["nowhere at all"]},
        "several choices": {"messages": [HELLO], "n": 2},
        "probabilities": {"messages": [HELLO], "logprobs": True, "top_logprobs": 2},
        "account": {"messages": [HELLO], "user": "u", "metadata": {"a": "b"}, "store": False, "service_tier": "auto"},
        "any JSON": {"messages": [{"role": "user", "content": "In JSON."}], "response_format": {"type": "json_object"}},
        "form beside tools": {"messages": [HELLO], "tools": TOOLS, "tool_choice": "none", "response_format": FORM},
        "tool required": {"messages": [HELLO], "tools": TOOLS, "tool_choice": "required"},
        "one tool at a time": {"messages": [HELLO], "tools": TOOLS, "parallel_tool_calls": False},
        "strict tool": {
            "messages": [HELLO],
            "tools": [{"type": "function", "function": {**TOOLS[0]["function"], "strict": True}}],
        },
        "tool without parameters": {"messages": [HELLO], "tools": [PING]},
        "call without arguments": {"messages": [HELLO, CALL, _result("pong")], "tools": [PING]},
        "result that is empty": {"messages": [HELLO, CALL, _result("")], "tools": [PING]},
        "user behind a result": {"messages": [HELLO, CALL, _result("pong"), HELLO], "tools": [PING]},
        "call of a tool that is gone": {"messages": [HELLO, CALL, _result("pong")]},
        "little effort": {"messages": [HELLO], "reasoning_effort": "low"},
        "no effort": {"messages": [HELLO], "reasoning_effort": "none"},
        "older limit": {"messages": [HELLO], "max_tokens": 3},
        "marked for the cache": {
            "messages": [
                {
                    "role": "system",
                    "content": [{"type": "text", "text": "A manual.", "cache_control": {"type": "ephemeral"}}],
                },
                HELLO,
            ]
        },
    }
)
"""Bodies without a model, by what is special about them."""

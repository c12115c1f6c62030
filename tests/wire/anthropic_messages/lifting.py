"""Bodies of Anthropic's format and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Union, get_args, get_origin, get_type_hints

import pytest

from penstock.core.chat import ChatRequest, Message
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.anthropic_messages.lift_request import lift_request

USER = {"role": "user", "content": "hi"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}


def lifted(**members: object) -> ChatRequest:
    body = {"model": "m", "max_tokens": 9, "messages": [USER], **members}
    return lift_request(JsonObject(json.dumps(body).encode()))


def turns(*messages: object) -> list[Message]:
    return lifted(messages=list(messages)).messages


def blocks_of(*content: object, role: str = "user") -> list[object]:
    (message,) = turns({"role": role, "content": list(content)})
    return [*message.blocks]


def refused(**members: object) -> tuple[str | None, str]:
    with pytest.raises(InvalidRequest) as caught:
        lifted(**members)
    return caught.value.param, caught.value.message


def kinds(annotation: object) -> Iterator[str]:
    """Yield the values of ``type`` in a union of the SDK's parameter types."""
    if get_origin(annotation) is Union:
        for choice in get_args(annotation):
            yield from kinds(choice)
    else:
        yield from get_args(get_type_hints(annotation)["type"])

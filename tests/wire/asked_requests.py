"""What a caller asks for, in words that all formats share, each thing with the caller's own path of it.

What a provider is told is read into the same words by ``provider_requests``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from penstock.core.chat import (
    ChatRequest,
    Document,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Source,
    Text,
    TextSource,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    UrlSource,
)

Json = dict[str, Any]


class Item(NamedTuple):
    """One thing that is said: ``kind``, and what belongs to it; texts without their white space."""

    kind: str
    text: str = ""
    name: str = ""
    id: str = ""
    signature: str = ""
    failed: bool = False


def plain(text: object) -> str:
    """Return a text without its white space: where texts are joined, formats differ in what they put between."""
    return "".join(str(text).split())


def as_json(value: object) -> str:
    return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)


def call_item(id_: str, name: str, arguments: object, signature: str = "") -> Item:
    return Item("call", as_json(arguments), name, id_, signature)


def asked_items(request: ChatRequest) -> Iterator[tuple[Item, str]]:
    """Yield what a request says, with the caller's path of it."""
    for message in request.messages:
        speaker = "system" if message.role == "developer" else message.role
        for block in message.blocks:
            match block:
                case Text(text=text, signature=signature):
                    if text or signature:
                        yield Item(speaker, plain(text), signature=signature or ""), block.at
                case Refusal(text=text):
                    yield Item(speaker, plain(text)), block.at
                case ToolCall():
                    yield call_item(block.id, block.name, block.arguments, block.signature or ""), block.at
                case ToolResult():
                    texts = plain("".join(part.text for part in block.content if isinstance(part, Text)))
                    yield Item("result", texts, id=block.call_id, failed=bool(block.is_error)), block.at
                    yield from (_medium(part) for part in block.content if isinstance(part, Image | Document))
                case Thinking(text=text, signature=signature):
                    yield Item("thinking", plain(text), signature=(signature or "").removeprefix("gemini:")), block.at
                case RedactedThinking(data=data):
                    yield Item("redacted", data), block.at
                case Image() | Document():
                    yield _medium(block)
                case _:
                    raise AssertionError(block)


def _medium(block: Image | Document) -> tuple[Item, str]:
    return Item("medium", _address(block.source)), block.at


def _address(source: Source) -> str:
    match source:
        case InlineData(data=data):
            return data
        case UrlSource(url=url):
            return url
        case TextSource(text=text):
            return plain(text)
        case _:
            return source.file_id


def asked_tools(request: ChatRequest) -> dict[str, str]:
    return {tool.name: tool.description or "" for tool in request.tools if isinstance(tool, Tool)}


def asked_markers(request: ChatRequest) -> int:
    blocks = [block for message in request.messages for block in message.blocks]
    inner = [part for block in blocks if isinstance(block, ToolResult) for part in block.content]
    return sum(getattr(holder, "cache", None) is not None for holder in [*blocks, *inner, *request.tools])


_PLAIN = (
    *("max_output_tokens", "temperature", "top_p", "top_k", "seed", "choices", "frequency_penalty"),
    *("presence_penalty", "logprobs", "top_logprobs", "user"),
)


def asked_settings(request: ChatRequest) -> Json:
    """Return what is set, under the names of ``ChatRequest``; what asks for nothing is left out."""
    found = {name: getattr(request, name) for name in _PLAIN if getattr(request, name) is not None}
    if request.stop:
        found["stop"] = list(request.stop)
    if request.parallel_tool_calls is False:
        found["parallel_tool_calls"] = False
    if request.tool_choice is not None and request.tool_choice.mode != "auto" and request.tools:
        found["tool_choice"] = request.tool_choice.mode
    if request.response_format is not None and request.response_format.kind != "text":
        found["response_format"] = request.response_format.kind
    reasoning = request.reasoning
    if reasoning is not None and reasoning.mode != "disabled":  # "adaptive" alone leaves it to the model
        asks = reasoning.effort != "none" and bool(reasoning.effort or reasoning.budget_tokens)
        found |= {"reasoning": True} if asks else {}
    if request.service_tier not in {None, "auto", "default"}:
        found["service_tier"] = request.service_tier
    if request.metadata is not None:
        found["metadata"] = json.loads(bytes(request.metadata))
    return found

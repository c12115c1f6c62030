"""A request of Anthropic's messages API to the neutral form.

What the neutral form has no field for (containers, MCP servers, context management, speed) goes into ``extras``; what
stands inside of messages and tools and is documented nowhere is noted as ``unread``. A cache marker of the whole
request becomes one on its last block, which is what it means. Blocks are read by ``caller_blocks``, tools by
``caller_tools``; the header ``anthropic-beta`` is the relay's business.

https://platform.claude.com/docs/en/api/messages/create, .../build-with-claude/thinking, .../build-with-claude/effort,
.../build-with-claude/structured-outputs, .../build-with-claude/prompt-caching (read 2026-11-23). Checks that depend on
the model (least budgets, ranges) are left to the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from penstock.core.chat import (
    ChatRequest,
    Document,
    Image,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    ToolCall,
    ToolResult,
)
from penstock.core.json_object import FLAG, TEXT, JsonObject
from penstock.wire.anthropic_messages import caller_nodes as nodes
from penstock.wire.anthropic_messages.caller_blocks import lift_marker, lift_messages, lift_system
from penstock.wire.anthropic_messages.caller_nodes import ABSENT, check_json, read_node, refuse
from penstock.wire.anthropic_messages.caller_tools import check_choice, lift_choice, lift_tools
from penstock.wire.anthropic_messages.vocabulary import FORMAT, LIFTED_SERVICE_TIERS

PATHS: Mapping[str, str] = MappingProxyType(
    {
        "max_output_tokens": "max_tokens",
        "stop": "stop_sequences",
        "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
        "user": "metadata.user_id",
        "response_format": "output_config.format",
        "reasoning": "thinking",
    }
)

THINKING_MODES: Mapping[str, Literal["enabled", "disabled", "adaptive"]] = MappingProxyType(
    {
        "enabled": "enabled",
        "disabled": "disabled",
        "adaptive": "adaptive",
        "between_tools": "adaptive",  # the only mode in which a model may think there as it sees fit
    }
)
SHOWN: Mapping[str, bool] = MappingProxyType({"summarized": True, "omitted": False})
"""``thinking.display`` to whether the caller wants to see the thinking."""

_READ = frozenset(
    {
        "cache_control",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
_integer: msgspec.json.Decoder[nodes.Integer | None] = msgspec.json.Decoder(nodes.Integer | None)
_number: msgspec.json.Decoder[float | None] = msgspec.json.Decoder(float | None)
_strings: msgspec.json.Decoder[tuple[str, ...] | None] = msgspec.json.Decoder(tuple[str, ...] | None)
_thinking = msgspec.json.Decoder(nodes.ThinkingConfig)
_output_config = msgspec.json.Decoder(nodes.OutputConfig)
_output_format = msgspec.json.Decoder(nodes.OutputFormat)
_metadata = msgspec.json.Decoder(nodes.Metadata)


def lift_request(body: JsonObject) -> ChatRequest:
    """Return what a caller asks for.

    Raises:
        InvalidRequest: not Anthropic's format; ``param`` is the JSON path of what is wrong.
    """
    body.require_utf8()
    unread: list[str] = []
    paths = dict(PATHS)
    choice, parallel = None, None
    raw_choice = _given(body, "tool_choice")
    if raw_choice is not None:
        choice, parallel = lift_choice(raw_choice, unread)
    raw_tools = _given(body, "tools")
    tools = [] if raw_tools is None else lift_tools(raw_tools, unread)
    check_choice(choice, tools)
    messages = _messages(body, unread)
    output = _output(body, unread)
    stream = body.read("stream", FLAG) or False
    stop = body.read("stop_sequences", _strings) or ()
    return ChatRequest(
        vendor=FORMAT,
        paths=paths,
        messages=messages,
        model=body.read("model", TEXT),
        stream=stream,
        wants_usage_event=stream,
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_output_tokens=_max_tokens(body),
        temperature=body.read("temperature", _number),
        top_p=body.read("top_p", _number),
        top_k=body.read("top_k", _integer),
        stop=tuple(filter(None, stop)),  # an empty text stops nothing
        response_format=_response_format(body, output, paths, unread),
        reasoning=_reasoning(body, output.effort, paths, unread),
        service_tier=_service_tier(body),
        user=_user(body, unread),
        extras=_extras(body),
        unread=tuple(unread),
    )


def _given(body: JsonObject, name: str) -> bytes | None:
    """Return a member's bytes, None when it is absent or null."""
    raw = body.raw(name)
    return None if raw == b"null" else raw


def _messages(body: JsonObject, unread: list[str]) -> list[Message]:
    raw = _given(body, "messages")
    if raw is None:
        refuse("messages", "Field required.", "missing_field")
    messages = lift_messages(raw, unread)
    whole = body.raw("cache_control")
    if whole is not None:
        _mark_last_block(messages, msgspec.Raw(whole), unread)
    system = _given(body, "system")
    if system is not None:
        blocks = lift_system(system, unread)
        if blocks:
            messages.insert(0, Message("system", blocks, at="system"))
    return messages


def _mark_last_block(messages: list[Message], raw: msgspec.Raw, unread: list[str]) -> None:
    """Mark the last block that can be cached, unless it is marked already."""
    marker = lift_marker(raw, "", unread)
    for message in reversed(messages):
        for block in reversed(message.blocks):
            if isinstance(block, Text | Image | Document | ToolCall | ToolResult):
                block.cache = block.cache or marker
                return


def _max_tokens(body: JsonObject) -> int:
    limit = body.read("max_tokens", _integer)
    if limit is None:
        refuse("max_tokens", "Field required.", "missing_field")
    if limit < 0:
        refuse("max_tokens", "Input should be greater than or equal to 0.")
    return limit


def _output(body: JsonObject, unread: list[str]) -> nodes.OutputConfig:
    raw = _given(body, "output_config")
    return nodes.OutputConfig() if raw is None else read_node(_output_config, raw, "output_config", unread)


def _response_format(
    body: JsonObject, output: nodes.OutputConfig, paths: dict[str, str], unread: list[str]
) -> ResponseFormat | None:
    """Read ``output_config.format``, or ``output_format`` as betas called it."""
    raw, at = output.format, "output_config.format"
    older = body.raw("output_format")
    if raw == ABSENT and older is not None:
        raw, at = msgspec.Raw(older), "output_format"
    if raw == ABSENT:
        return None
    paths["response_format"] = at
    schema = check_json(read_node(_output_format, raw, at, unread).schema, f"{at}.schema")
    return ResponseFormat("json_schema", msgspec.Raw(schema.encode()))


def _reasoning(body: JsonObject, effort: str | None, paths: dict[str, str], unread: list[str]) -> Reasoning | None:
    raw = _given(body, "thinking")
    if raw is None:
        paths["reasoning"] = "output_config.effort"
        return None if effort is None else Reasoning(effort=effort)
    node = read_node(_thinking, raw, "thinking", unread)
    mode = THINKING_MODES.get(node.type)
    if mode is None:
        refuse("thinking.type", f'"{node.type[:40]}" is no way to think; ways are {", ".join(THINKING_MODES)}.')
    if node.type == "between_tools":
        unread.append("thinking.type")
    if mode == "enabled" and node.budget_tokens is None:
        refuse("thinking.budget_tokens", "Field required.", "missing_field")
    show = None
    if node.display is not None:
        show = SHOWN.get(node.display)
        if show is None:
            refuse("thinking.display", f"Input should be one of {', '.join(SHOWN)}.")
    return Reasoning(mode, effort, node.budget_tokens, show)


def _service_tier(body: JsonObject) -> str | None:
    tier = body.read("service_tier", TEXT)
    return None if tier is None else LIFTED_SERVICE_TIERS.get(tier, tier)


def _user(body: JsonObject, unread: list[str]) -> str | None:
    raw = _given(body, "metadata")
    return None if raw is None else read_node(_metadata, raw, "metadata", unread).user_id or None


def _extras(body: JsonObject) -> dict[str, msgspec.Raw]:
    found = {}
    for name in body.names():
        raw = None if name in _READ else _given(body, name)
        if raw is not None:
            found[name] = msgspec.Raw(raw)
    return found

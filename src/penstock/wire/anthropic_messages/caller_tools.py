"""Tools and the choice among them, from a caller of Anthropic's format to the neutral form.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview (read 2026-11-23). A tool with a ``type`` other
than ``custom`` is Anthropic's own and travels as it is; which types there are changes with its date, so none is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from penstock.core.chat import Tool, ToolChoice, VendorTool
from penstock.wire.anthropic_messages import caller_nodes as nodes
from penstock.wire.anthropic_messages.caller_blocks import lift_marker
from penstock.wire.anthropic_messages.caller_nodes import check_json, read_node, refuse, undecodable
from penstock.wire.anthropic_messages.vocabulary import FORMAT

MODES: Mapping[str, Literal["auto", "none", "required", "named"]] = MappingProxyType(
    {"auto": "auto", "any": "required", "tool": "named", "none": "none"}
)
"""``tool_choice.type`` to the neutral word."""


class _Typed(msgspec.Struct, frozen=True):
    type: str | None = None


_list = msgspec.json.Decoder(list[msgspec.Raw])
_typed = msgspec.json.Decoder(_Typed)
_tool_node = msgspec.json.Decoder(nodes.ToolNode)
_choice_node = msgspec.json.Decoder(nodes.ToolChoiceNode)


def lift_tools(raw: bytes, unread: list[str]) -> list[Tool | VendorTool]:
    """Return the tools; ``raw`` is the member ``tools``.

    Raises:
        InvalidRequest: not a list of tools.
    """
    try:
        return [_tool(item, f"tools[{number}]", unread) for number, item in enumerate(_list.decode(raw))]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise undecodable(error, "tools") from error


def lift_choice(raw: bytes, unread: list[str]) -> tuple[ToolChoice, bool | None]:
    """Return the choice, and whether several tools may be called at once; ``raw`` is the member ``tool_choice``.

    Raises:
        InvalidRequest: no such choice.
    """
    node = read_node(_choice_node, raw, "tool_choice", unread)
    mode = MODES.get(node.type)
    if mode is None:
        refuse("tool_choice.type", f'"{node.type[:40]}" is no choice; choices are {", ".join(MODES)}.')
    if mode == "named" and not node.name:
        refuse("tool_choice.name", "Field required: the tool's name.", "missing_field")
    parallel = None if node.disable_parallel_tool_use is None else not node.disable_parallel_tool_use
    return ToolChoice(mode, (node.name,) if mode == "named" and node.name else ()), parallel


def check_choice(choice: ToolChoice | None, tools: list[Tool | VendorTool]) -> None:
    """Refuse the choice of a tool that is not offered; one of the vendor's may have the name anywhere inside."""
    if choice is None or any(isinstance(tool, VendorTool) or tool.name in choice.names for tool in tools):
        return
    if choice.names and tools:
        refuse("tool_choice.name", f'"{choice.names[0][:64]}" is the name of none of the tools.')


def _tool(raw: msgspec.Raw, at: str, unread: list[str]) -> Tool | VendorTool:
    kind = _kind_of(raw, at)
    if kind not in {None, "custom"}:
        return VendorTool(FORMAT, str(kind), msgspec.Raw(bytes(raw)), at)
    node = read_node(_tool_node, raw, at, unread)
    if node.allowed_callers not in (None, [], ["direct"]):
        unread.append(f"{at}.allowed_callers")
    unread += [
        f"{at}.{name}"
        for name in ("defer_loading", "eager_input_streaming", "input_examples")
        if getattr(node, name)  # false and an empty list ask for nothing
    ]
    schema = check_json(node.input_schema, f"{at}.input_schema").encode()
    marker = lift_marker(node.cache_control, at, unread)
    return Tool(node.name, node.description, msgspec.Raw(schema), node.strict, marker, at)


def _kind_of(raw: msgspec.Raw, at: str) -> str | None:
    try:
        return _typed.decode(raw).type
    except msgspec.DecodeError as error:
        raise undecodable(error, at) from error

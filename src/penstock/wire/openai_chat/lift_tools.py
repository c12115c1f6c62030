"""OpenAI's tools and the choice among them to neutral ones.

The deprecated ``functions`` and ``function_call`` are the same by older names. A list of allowed tools with mode
``auto`` is what offering only those tools means, so the others are left out.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23). Schemas stay JSON text.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Tool, ToolChoice, VendorTool
from penstock.wire.openai_chat import request_body as body
from penstock.wire.openai_chat.invalid import refuse, refuse_deep, refuse_undecodable
from penstock.wire.openai_chat.lift_messages import marker
from penstock.wire.openai_chat.unread import without_unknown
from penstock.wire.openai_chat.vocabulary import VENDOR

NO_SCHEMA = msgspec.Raw(b"")
_function_decoder = msgspec.json.Decoder(body.FunctionTool)
_kind_decoder = msgspec.json.Decoder(body.ToolKind)
_DECODE_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def lift_tools(request: body.Body, unread: list[str]) -> list[Tool | VendorTool]:
    """Return the tools of ``tools`` and ``functions``.

    Raises:
        InvalidRequest: one is not a tool; ``param`` is its path.
    """
    tools: list[Tool | VendorTool] = []
    for number, raw in enumerate(request.tools or ()):
        tools.append(_lift_tool(raw, f"tools[{number}]", unread))
    for number, function in enumerate(request.functions or ()):
        tools.append(_lift_function(function, None, f"functions[{number}]", f"functions[{number}]"))
    return tools


def _lift_tool(raw: msgspec.Raw, at: str, unread: list[str]) -> Tool | VendorTool:
    try:
        tool = _function_decoder.decode(raw)
    except _DECODE_ERRORS:
        kind = _kind_of(raw, at)
        if kind != "function":
            refuse_deep(bytes(raw), at)
            return VendorTool(VENDOR, kind, raw, at)
        try:
            tool = _function_decoder.decode(without_unknown(bytes(raw), body.FunctionTool, at, unread))
        except _DECODE_ERRORS as error:
            refuse_undecodable(error, at)
    return _lift_function(tool.function, tool.cache_control, at, f"{at}.function")


def _kind_of(raw: msgspec.Raw, at: str) -> str:
    try:
        return _kind_decoder.decode(raw).type
    except _DECODE_ERRORS as error:
        refuse_undecodable(error, at)


def _lift_function(function: body.FunctionDefinition, control: body.CacheControl | None, at: str, path: str) -> Tool:
    schema = NO_SCHEMA if function.parameters == body.ABSENT else function.parameters
    _check_schema(schema, f"{path}.parameters")
    cache = marker(control or function.cache_control)
    return Tool(function.name, function.description, schema, function.strict, cache, at, path)


def _check_schema(schema: msgspec.Raw, path: str) -> None:
    raw = bytes(schema)
    if raw and not raw.startswith(b"{"):
        refuse(f'"{path}" must be a JSON Schema object.', path)
    refuse_deep(raw, path)


def lift_response_schema(schema: msgspec.Raw, path: str) -> msgspec.Raw:
    """Return the schema of ``response_format``, empty when there is none; it must be an object."""
    found = NO_SCHEMA if schema == body.ABSENT else schema
    _check_schema(found, path)
    return found


def lift_choice(
    request: body.Body, tools: list[Tool | VendorTool]
) -> tuple[ToolChoice | None, list[Tool | VendorTool]]:
    """Return the choice, and the tools it leaves.

    Raises:
        InvalidRequest: it names a tool that is not there.
    """
    chosen = request.tool_choice
    if chosen is None:
        return _lift_function_choice(request.function_call, tools), tools
    if isinstance(chosen, str):
        mode = "required" if chosen == "any" else chosen
        return ToolChoice(mode), tools
    if chosen.type == "allowed_tools":
        return _lift_allowed(chosen.allowed_tools, tools)
    named = chosen.function if chosen.type == "function" else chosen.custom
    path = f"tool_choice.{chosen.type}"
    if named is None:
        refuse(f'"{path}" is missing.', path)
    return ToolChoice("named", (_offered(named.name, tools, f"{path}.name"),)), tools


def _lift_function_choice(chosen: str | body.Named | None, tools: list[Tool | VendorTool]) -> ToolChoice | None:
    if chosen is None:
        return None
    if isinstance(chosen, str):
        return ToolChoice("none" if chosen == "none" else "auto")
    return ToolChoice("named", (_offered(chosen.name, tools, "function_call.name"),))


def _lift_allowed(
    allowed: body.AllowedTools | None, tools: list[Tool | VendorTool]
) -> tuple[ToolChoice, list[Tool | VendorTool]]:
    if allowed is None:
        refuse('"tool_choice.allowed_tools" is missing.', "tool_choice.allowed_tools")
    offered = {tool.name for tool in tools if isinstance(tool, Tool)}
    kinds_offered = {tool.kind for tool in tools if isinstance(tool, VendorTool)}
    names: dict[str, None] = {}
    for number, tool in enumerate(allowed.tools):
        path = f"tool_choice.allowed_tools.tools[{number}]"
        named = tool.function or tool.custom
        name = tool.name if named is None else named.name
        if name is None:
            if tool.type not in kinds_offered:
                refuse(f'"{path}" names none of the tools.', path)
        elif name not in offered and not kinds_offered:  # a tool of the vendor's may have the name anywhere inside
            refuse(f'"{path}" names none of the tools.', path)
        else:
            names[name] = None
    if allowed.mode == "required":
        return ToolChoice("required", tuple(names)), tools
    kinds = {tool.type for tool in allowed.tools}
    left = [tool for tool in tools if (tool.name in names if isinstance(tool, Tool) else tool.kind in kinds)]
    return ToolChoice("auto"), left


def _offered(name: str, tools: list[Tool | VendorTool], path: str) -> str:
    """Return ``name`` if a tool has it; a tool of the vendor's may have it anywhere inside."""
    if not any(isinstance(tool, VendorTool) or tool.name == name for tool in tools):
        refuse(f'"{path}" names none of the tools.', path)
    return name

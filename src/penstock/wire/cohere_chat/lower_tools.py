"""The tools that are offered, which must be called, and the form of the answer.

https://docs.cohere.com/docs/structured-outputs and ``…/docs/parameter-types-in-tool-use`` (read 2026-11-23): a form of
the answer cannot be asked for beside tools or documents, ``strict_tools`` is said of all tools together, and each must
then have a required parameter. A form beside tools, or of a model that takes no schema, is asked for by a tool whose
call is the answer (``penstock.wire.json_tool``).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from penstock.core.chat import ChatRequest, ResponseFormat, Tool, ToolChoice
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.cohere_chat.vocabulary import TOOL_CHOICES
from penstock.wire.json_tool import DESCRIPTION, choose_tool_name

_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{}}')


class _Schema(msgspec.Struct):
    required: list[str] = []


_schema_decoder = msgspec.json.Decoder(_Schema)


class Tooling(NamedTuple):
    """Members of the body, and the tool whose call is the answer's text."""

    members: dict[str, object]
    json_tool: str | None = None


def write_tools(request: ChatRequest, facts: ModelFacts, losses: Losses, *, documents: bool) -> Tooling:
    """Write the tools, the choice between them and the form of the answer."""
    tools = _offered(request, losses)
    word = _choice(request.tool_choice, tools, losses)
    members: dict[str, object] = {}
    json_tool: Tool | None = None
    form = request.response_format
    if form is not None and form.kind != "text":
        if not tools and not documents and (form.kind == "json_object" or facts.json_schema):
            members["response_format"] = _native_form(form, losses, request)
        elif form.kind == "json_object" or word == "REQUIRED":
            losses.field("response_format", "cannot be asked for beside tools or documents")
        else:
            losses.field("response_format", "asked for by a tool that the model must call", "approximated")
            json_tool = _json_tool(form, tools)
            tools = [json_tool] if word == "NONE" else [*tools, json_tool]
            word = "REQUIRED"
    if tools:
        members["tools"] = [_tool(tool) for tool in tools]
        if _all_strict(tools, losses):
            members["strict_tools"] = True
        if request.parallel_tool_calls is False and any(tool is not json_tool for tool in tools):
            losses.field("parallel_tool_calls", "Cohere's models may always call several tools at once")
    if word is not None:
        members["tool_choice"] = word
    return Tooling(members, None if json_tool is None else json_tool.name)


def _choice(choice: ToolChoice | None, tools: list[Tool], losses: Losses) -> str | None:
    """Return ``tool_choice``; None leaves the choice to the model."""
    if choice is None:
        return None
    if tools:
        return TOOL_CHOICES[choice.mode]
    if choice.mode in {"required", "named"}:
        losses.field("tool_choice", "there are no tools to call")
    return None


def _offered(request: ChatRequest, losses: Losses) -> list[Tool]:
    """Return the tools that may be called; which one must be can only be told by not offering the others."""
    tools: list[Tool] = []
    for tool in request.tools:
        if isinstance(tool, Tool):
            if tool.cache is not None:
                losses.at(f"{tool.at}.cache_control", "Cohere decides itself what it caches")
            tools.append(tool)
        else:
            losses.at(tool.at, f"a tool that only {tool.vendor} runs")
    choice = request.tool_choice
    if choice is None or not choice.names or choice.mode == "none":
        return tools
    allowed = [tool for tool in tools if tool.name in choice.names]
    if len(allowed) < len(tools):
        losses.field("tool_choice", _why_fewer(choice), "approximated")
    return allowed


def _why_fewer(choice: ToolChoice) -> str:
    if choice.mode == "named":
        return "a tool cannot be named at Cohere: it is the only one offered"
    return "tools that may not be called are not offered"


def _tool(tool: Tool) -> dict[str, object]:
    function: dict[str, object] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.schema if bytes(tool.schema).strip() not in {b"", b"null", b"{}"} else _EMPTY_SCHEMA
    return {"type": "function", "function": function}


def _all_strict(tools: list[Tool], losses: Losses) -> bool:
    """Say whether all tools are strict and may be; if only some are, their strictness is lost."""
    strict = [tool for tool in tools if tool.strict]
    if len(strict) == len(tools) and all(_has_required(tool.schema) for tool in tools):
        return True
    for tool in strict:
        if tool.at:  # that of the answer's form is the caller's form, which is reported
            losses.at(tool.strict_at, "Cohere is strict with all tools or none, and each must require a parameter")
    return False


def _has_required(schema: msgspec.Raw) -> bool:
    try:
        return bool(_schema_decoder.decode(schema).required)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False


def _native_form(form: ResponseFormat, losses: Losses, request: ChatRequest) -> dict[str, object]:
    written: dict[str, object] = {"type": "json_object"}
    if form.kind == "json_schema":
        if bytes(form.schema):
            written["json_schema"] = form.schema
        if form.description:
            losses.at(f"{request.path('response_format')}.json_schema.description", "a schema has no description here")
    return written


def _json_tool(form: ResponseFormat, others: list[Tool]) -> Tool:
    description = f"{form.description}\n\n{DESCRIPTION}" if form.description else DESCRIPTION
    return Tool(choose_tool_name(tool.name for tool in others), description, form.schema, form.strict)

"""Tools as Gemini's ``tools`` and ``toolConfig``.

All functions stand in one ``Tool``; a tool that Google runs is a ``Tool`` of its own. Models that take JSON Schema get
the caller's text untouched (``parametersJsonSchema``), older ones the subset (``parameters``).
https://ai.google.dev/api/caching#Tool and https://ai.google.dev/gemini-api/docs/function-calling (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest, Tool, VendorTool
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.schema_subset import to_subset
from penstock.wire.gemini_generate.vocabulary import (
    FORMAT,
    TOOL_MODES,
    VENDOR_TOOL_OPTIONS,
    VENDOR_TOOLS,
    callers_name,
)

Object = dict[str, object]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def lower_tools(request: ChatRequest, facts: ModelFacts, losses: Losses) -> list[Object]:
    """Return ``tools``: the functions first, then each tool of Google's own.

    Raises:
        InvalidRequest: the schema of a function is none, or one that an older model cannot be given.
    """
    functions = [_declaration(tool, request, facts, losses) for tool in request.tools if isinstance(tool, Tool)]
    hosted = [_hosted(tool, losses) for tool in request.tools if isinstance(tool, VendorTool)]
    lowered: list[Object] = [{"functionDeclarations": functions}] if functions else []
    return lowered + [tool for tool in hosted if tool is not None]


def lower_tool_choice(request: ChatRequest, losses: Losses) -> Object | None:
    """Return ``toolConfig``; None when nothing is asked for."""
    if request.parallel_tool_calls is False:
        losses.field("parallel_tool_calls", "Gemini cannot be kept from several calls at once")
    choice = request.tool_choice
    if choice is None:
        return None
    if not any(isinstance(tool, Tool) for tool in request.tools):
        if choice.mode not in {"auto", "none"}:
            losses.field("tool_choice", "there is no function that could be called")
        return None
    config: Object = {"mode": TOOL_MODES[choice.mode]}
    if choice.mode in {"required", "named"} and choice.names:
        config["allowedFunctionNames"] = list(choice.names)
    return {"functionCallingConfig": config}


def is_empty_schema(schema: msgspec.Raw) -> bool:
    """Whether no schema was given."""
    return bytes(schema).strip() in {b"", b"null"}


def _declaration(tool: Tool, request: ChatRequest, facts: ModelFacts, losses: Losses) -> Object:
    if tool.cache is not None:
        losses.at(f"{tool.at}.cache_control", "Gemini caches by itself and takes no markers")
    if tool.strict:
        losses.at(
            f"{tool.at}.{callers_name(request.vendor, 'strict')}",
            "Gemini does not promise arguments that fit the schema",
            "approximated",
        )
    declaration: Object = {"name": tool.name}
    if tool.description is not None:
        declaration["description"] = tool.description
    if is_empty_schema(tool.schema):
        return declaration
    if facts.full_json_schema:
        return {**declaration, "parametersJsonSchema": tool.schema}
    form = tool.at == request.path("response_format")  # the tool that stands for a form of the answer
    member = callers_name(request.vendor, "response_schema" if form else "schema")
    parameters = to_subset(tool.schema, f"{tool.at}.{member}", losses)
    if "anyOf" not in parameters:  # arguments are an object, whether or not their schema says so
        parameters["type"] = "OBJECT"
    if set(parameters) <= {"type"}:  # a function without parameters is said by leaving them out
        return declaration
    return {**declaration, "parameters": parameters}


def _hosted(tool: VendorTool, losses: Losses) -> Object | None:
    if tool.vendor == FORMAT:
        return dict[str, object](_read(tool.raw))
    member = VENDOR_TOOLS.get(tool.kind)
    if member is None:
        losses.at(tool.at, f"Google has no tool {tool.kind}")
        return None
    options = _read(_read(tool.raw).get(tool.kind, msgspec.Raw(b"{}")))
    return {member: _options(options, f"{tool.at}.{tool.kind}", losses)}


def _options(options: dict[str, msgspec.Raw], path: str, losses: Losses) -> Object:
    """Return the options under Gemini's names; those it does not have are reported."""
    known = set(VENDOR_TOOL_OPTIONS.values())
    lowered: Object = {}
    for name, value in options.items():
        member = VENDOR_TOOL_OPTIONS.get(name, name)
        if member not in known:
            losses.at(f"{path}.{name}", "not an option of this tool")
        elif member == "timeRangeFilter":
            lowered[member] = _options(_read(value), f"{path}.{name}", losses)
        elif bytes(value) != b"null":
            lowered[member] = value
    return lowered


def _read(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return _members.decode(raw)
    except msgspec.DecodeError:  # ``true``, null, or another way to say "with no options"
        return {}

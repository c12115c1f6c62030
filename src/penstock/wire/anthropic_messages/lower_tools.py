"""The tools that are offered, which must be called, and the form of the answer.

A form (JSON Schema) is asked for in ``output_config.format`` where the model takes it; otherwise by a tool whose call
is the answer (``penstock.wire.json_tool``). https://platform.claude.com/docs/en/build-with-claude/structured-outputs,
.../agents-and-tools/tool-use/implement-tool-use (read 2026-11-23): names match ``[a-zA-Z0-9_-]{1,128}``, an
``input_schema`` is the schema of an object, and no tool can be forced while the model thinks.
"""

from __future__ import annotations

import re

import msgspec

from penstock.core.chat import ChatRequest, ResponseFormat, Tool, ToolChoice
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from penstock.wire.anthropic_messages.writing import Writing, cache_control
from penstock.wire.json_tool import DESCRIPTION, choose_tool_name
from penstock.wire.object_schema import object_schema
from penstock.wire.structured_schema import accepted_schema, is_accepted

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object"}')


class Tooling(msgspec.Struct, frozen=True, gc=False):
    """What the request says of tools; ``json_tool`` is the tool whose call is the answer's text."""

    tools: list[dict[str, object] | msgspec.Raw]
    choice: dict[str, object] | None = None
    output_format: dict[str, object] | None = None
    json_tool: str | None = None


def write_tools(request: ChatRequest, facts: ModelFacts, writing: Writing, *, thinking: bool) -> Tooling:
    """Write the tools, the choice between them and the form of the answer."""
    if not (request.tools or request.tool_choice or request.response_format):
        return Tooling([])
    tools = _tools(request, facts, writing)
    may_force = not thinking or facts.forced_tools_while_thinking
    choice = request.tool_choice
    if choice is not None and not tools:
        if choice.mode in {"required", "named"}:
            writing.losses.field("tool_choice", "there are no tools to call")
        choice = None
    form = request.response_format
    native = form is not None and form.kind == "json_schema" and facts.json_schema and is_accepted(form.schema)
    schema = _schema(form, writing, native=native)
    if form is None or form.kind == "text":
        return Tooling(tools, _choice(choice, request, writing, may_force=may_force, tools=bool(tools)))
    if native:
        written = _choice(choice, request, writing, may_force=may_force, tools=bool(tools))
        return Tooling(tools, written, {"type": "json_schema", "schema": schema})
    if choice is not None and choice.mode in {"required", "named"}:
        writing.losses.field("response_format", "the answer is the call of a tool")
        return Tooling(tools, _choice(choice, request, writing, may_force=may_force, tools=True))
    return _by_tool(tools, form, schema, request, writing, may_force=may_force)


def _by_tool(
    tools: list[dict[str, object] | msgspec.Raw],
    form: ResponseFormat,
    schema: msgspec.Raw,
    request: ChatRequest,
    writing: Writing,
    *,
    may_force: bool,
) -> Tooling:
    """Add the tool whose call is the answer; beside the caller's own tools, one of them all must be called."""
    name = choose_tool_name(tool.name for tool in request.tools if isinstance(tool, Tool))
    description = f"{form.description}\n\n{DESCRIPTION}" if form.description else DESCRIPTION
    only = not tools or (request.tool_choice is not None and request.tool_choice.mode == "none")
    choice: dict[str, object]
    if not may_force:
        writing.losses.field("response_format", "asked for by a tool that the model may leave uncalled", "approximated")
        choice = {"type": "auto"}
    else:
        writing.losses.field("response_format", "asked for by a tool that the model must call", "approximated")
        choice = {"type": "tool", "name": name} if only else {"type": "any"}
    if only or request.parallel_tool_calls is False:
        choice["disable_parallel_tool_use"] = True
    tool: dict[str, object] = {"name": name, "description": description, "input_schema": schema}
    return Tooling([*tools, tool], choice, None, name)


def _schema(form: ResponseFormat | None, writing: Writing, *, native: bool) -> msgspec.Raw:
    """Return the schema of the answer as the API accepts it: of an answer (``native``), or of a tool."""
    if form is None or form.kind != "json_schema":
        return _EMPTY_SCHEMA
    at = writing.request.path("response_format")
    if not native:
        return object_schema(form.schema, at, empty=_EMPTY_SCHEMA)
    schema, unsupported = accepted_schema(form.schema, at)
    if unsupported:
        writing.losses.at(at, f"not enforced by this provider: {', '.join(unsupported)}", "approximated")
    return schema


def _tools(request: ChatRequest, facts: ModelFacts, writing: Writing) -> list[dict[str, object] | msgspec.Raw]:
    allowed = _allowed(request.tool_choice, writing)
    tools: list[dict[str, object] | msgspec.Raw] = []
    for tool in request.tools:
        if isinstance(tool, Tool):
            if not allowed or tool.name in allowed:
                tools.append(_tool(tool, facts, writing))
            elif tool.cache is not None:
                writing.losses.at(f"{tool.at}.cache_control", "stands on a tool that is not offered")
        elif tool.vendor == FORMAT:
            tools.append(tool.raw)
        else:
            writing.losses.at(tool.at, f"a tool that only {tool.vendor} runs")
    return tools


def _allowed(choice: ToolChoice | None, writing: Writing) -> frozenset[str]:
    """Return the tools a choice is limited to where this API can only be told by not offering the others."""
    if choice is None or choice.mode not in {"auto", "required"} or not choice.names:
        return frozenset()
    writing.losses.field("tool_choice", "tools that may not be called are not offered", "approximated")
    return frozenset(choice.names)


def check_tool_name(name: str, at: str) -> str:
    """Return the name.

    Raises:
        InvalidRequest: this API refuses it (``code="invalid_tool_name"``).
    """
    if TOOL_NAME.fullmatch(name) is None:
        msg = "The name of a tool must be 1 to 128 letters, digits, underscores and hyphens for this provider."
        raise InvalidRequest(msg, code="invalid_tool_name", param=at)
    return name


def _tool(tool: Tool, facts: ModelFacts, writing: Writing) -> dict[str, object]:
    written: dict[str, object] = {"name": check_tool_name(tool.name, tool.at)}
    if tool.description:
        written["description"] = tool.description
    schema = object_schema(tool.schema, tool.at, empty=_EMPTY_SCHEMA)
    if tool.strict and facts.json_schema and is_accepted(schema):
        schema, unsupported = accepted_schema(schema, tool.at)
        if unsupported:
            writing.losses.at(tool.at, f"not enforced by this provider: {', '.join(unsupported)}", "approximated")
        written["strict"] = True
    elif tool.strict:
        why = "a schema that contains itself is not enforced" if facts.json_schema else "this model enforces no schemas"
        writing.losses.at(tool.strict_at, why)
    written["input_schema"] = schema
    if tool.cache is not None:
        cache_control(tool.cache, tool.at, written, writing)
    return written


def _choice(
    choice: ToolChoice | None, request: ChatRequest, writing: Writing, *, may_force: bool, tools: bool
) -> dict[str, object] | None:
    """Return ``tool_choice``; None leaves the choice to the model."""
    if not tools:
        return None
    one_at_a_time = request.parallel_tool_calls is False
    mode, names = ("auto", ()) if choice is None else (choice.mode, choice.names)
    if mode == "none":
        return {"type": "none"}
    if mode in {"required", "named"} and not may_force:
        writing.losses.field("tool_choice", "no tool can be forced while the model thinks", "approximated")
        mode = "auto"
    if choice is None and not one_at_a_time:
        return None
    written: dict[str, object]
    if mode == "auto":
        written = {"type": "auto"}
    else:
        written = {"type": "tool", "name": names[0]} if len(names) == 1 else {"type": "any"}
    if one_at_a_time:
        written["disable_parallel_tool_use"] = True
    return written

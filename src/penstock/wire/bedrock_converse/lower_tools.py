"""The tools that are offered, which must be called, and the form of the answer.

A form (JSON Schema) is asked for in ``outputConfig.textFormat`` where the model takes it and Bedrock can enforce it;
otherwise by a tool whose call is the answer (``penstock.wire.json_tool``). Converse has no word for "call no tool", and
wants the tools named again in every request whose conversation has a call of one.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html and
.../userguide/structured-output.html (read 2026-11-23).
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from penstock.core.chat import ResponseFormat, Tool, ToolChoice
from penstock.core.errors import InvalidRequest
from penstock.wire.bedrock_converse.enforced_schema import is_enforced
from penstock.wire.bedrock_converse.vocabulary import BOTH_CHOICES, FORCED_CHOICES
from penstock.wire.bedrock_converse.writing import Json, Writing
from penstock.wire.json_tool import DESCRIPTION, choose_tool_name
from penstock.wire.object_schema import object_schema
from penstock.wire.structured_schema import accepted_schema

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{}}')
_ANY_OBJECT = msgspec.Raw(b'{"type":"object"}')


class Tooling(msgspec.Struct, frozen=True, gc=False):
    """What the request says of tools; ``json_tool`` is the tool whose call is the answer's text."""

    tools: list[Json]
    """For ``toolConfig.tools``, cache points included; nothing is said of tools when it is empty."""
    choice: Json | None = None
    text_format: Json | None = None
    json_tool: str | None = None


def write_tools(writing: Writing, *, thinking: bool) -> Tooling:
    """Write the tools, the choice among them and the form of the answer; ``thinking`` when the model will think.

    The conversation must have been written before, since the tools that it calls must be named.

    Raises:
        InvalidRequest: a name or a schema that the API refuses.
    """
    request, facts = writing.request, writing.facts
    if not (request.tools or request.tool_choice or request.response_format or writing.called):
        return Tooling([])
    unforced = ""
    if thinking and not facts.forced_tools_while_thinking:
        unforced = "no tool can be forced while the model thinks"
    elif not FORCED_CHOICES.get(writing.vendor, BOTH_CHOICES):
        unforced = "this model cannot be made to call a tool"
    tools = _tools(writing)
    choice = _possible_choice(writing, tools)
    form = request.response_format
    if form is None or form.kind == "text":
        return _chosen(tools, choice, writing, unforced)
    text_format = _text_format(form, writing) if form.kind == "json_schema" and facts.json_schema else None
    if text_format is not None:
        return replace(_chosen(tools, choice, writing, unforced), text_format=text_format)
    if choice is not None and choice.mode in {"required", "named"}:
        writing.losses.field("response_format", "the answer is the call of a tool")
        return _chosen(tools, choice, writing, unforced)
    return _by_tool(tools, form, choice, writing, unforced)


def _tools(writing: Writing) -> list[Json]:
    """Return the tools with their cache points; those a choice leaves out are not offered."""
    chosen = writing.request.tool_choice
    allowed: frozenset[str] = frozenset()
    if chosen is not None and chosen.mode in {"auto", "required"} and len(chosen.names) > 1:
        writing.losses.field("tool_choice", "tools that may not be called are not offered", "approximated")
        allowed = frozenset(chosen.names)
    tools: list[Json] = []
    for tool in writing.request.tools:
        if not isinstance(tool, Tool):
            writing.losses.at(tool.at, f"a tool that only {tool.vendor} runs")
        elif not allowed or tool.name in allowed:
            tools.append({"toolSpec": _tool(tool, writing)})
            if tool.cache is not None:
                tools.append(writing.cache_point(tool.cache, tool.at))
        elif tool.cache is not None:
            writing.losses.at(f"{tool.at}.cache_control", "stands on a tool that is not offered")
    return tools


def _tool(tool: Tool, writing: Writing) -> Json:
    written: Json = {"name": check_tool_name(tool.name, tool.at)}
    if tool.description and not tool.description.isspace():
        written["description"] = tool.description
    written["inputSchema"] = {"json": object_schema(tool.schema, tool.at, empty=_EMPTY_SCHEMA)}
    if not tool.strict:
        return written
    if not writing.facts.json_schema:
        writing.losses.at(tool.strict_at, "this model does not enforce schemas")
    elif not is_enforced(tool.schema or _EMPTY_SCHEMA):
        writing.losses.at(tool.strict_at, "this provider does not enforce such a schema")
    else:
        written["strict"] = True
    return written


def check_tool_name(name: str, at: str) -> str:
    """Return the name.

    Raises:
        InvalidRequest: this API refuses it (``code="invalid_tool_name"``).
    """
    if _TOOL_NAME.fullmatch(name) is None:
        msg = "The name of a tool must be 1 to 64 letters, digits, underscores and hyphens for this provider."
        raise InvalidRequest(msg, code="invalid_tool_name", param=at)
    return name


def _possible_choice(writing: Writing, tools: list[Json]) -> ToolChoice | None:
    choice = writing.request.tool_choice
    if choice is not None and choice.mode in {"required", "named"} and not tools:
        writing.losses.field("tool_choice", "there are no tools to call")
        return None
    return choice


def _chosen(tools: list[Json], choice: ToolChoice | None, writing: Writing, unforced: str) -> Tooling:
    """Return the tools and the choice; no tools where there is nothing to say of them."""
    called = writing.called
    mode = "auto" if choice is None else choice.mode
    if mode == "none":
        if not called:
            return Tooling([])
        writing.losses.field("tool_choice", "tools cannot be forbidden once the conversation has calls", "approximated")
    if not tools:
        if called:
            writing.losses.field("tools", "the conversation has calls, so their tools must be named", "approximated")
        return Tooling([{"toolSpec": {"name": name, "inputSchema": {"json": _ANY_OBJECT}}} for name in called])
    if mode in {"required", "named"} and unforced:
        writing.losses.field("tool_choice", unforced, "approximated")
        mode = "auto"
    name = choice.names[0] if choice is not None and len(choice.names) == 1 else ""
    return _choose(tools, mode, name, writing)


def _choose(tools: list[Json], mode: str, name: str, writing: Writing) -> Tooling:
    """Say which tools must be called; ``auto`` is what the API does when nothing is said.

    One call at a time is a matter of Claude's own ``tool_choice``, which must then stand alone. A model that can only
    be made to call some tool is offered none but the one.
    """
    kind = "auto" if mode not in {"required", "named"} else "tool" if name else "any"
    if kind not in {"auto", *FORCED_CHOICES.get(writing.vendor, BOTH_CHOICES)}:
        kind = "any"
        one = [tool for tool in tools if _name_of(tool) == name]
        if len(one) < len(tools):
            writing.losses.field("tool_choice", "tools that may not be called are not offered", "approximated")
        tools = one
    if writing.request.parallel_tool_calls is False:
        if writing.vendor == "anthropic":
            own: Json = {"type": kind, "disable_parallel_tool_use": True}
            if kind == "tool":
                own["name"] = name
            writing.model_fields["tool_choice"] = own
            return Tooling(tools)
        writing.losses.field("parallel_tool_calls", "models on Bedrock other than Claude cannot be told")
    choice: Json = {kind: {"name": name} if kind == "tool" else {}}
    return Tooling(tools, None if kind == "auto" else choice)


def _name_of(tool: Json) -> object:
    spec = tool.get("toolSpec")
    return spec["name"] if isinstance(spec, dict) else None


def _text_format(form: ResponseFormat, writing: Writing) -> Json | None:
    """Return the form of the answer that the provider enforces; None when it would refuse the schema in any form."""
    if not bytes(form.schema):
        return None
    at = writing.request.path("response_format")
    schema, unsupported = accepted_schema(form.schema, at)
    if not is_enforced(schema):
        return None
    if unsupported:
        writing.losses.at(at, f"not enforced by this provider: {', '.join(unsupported)}", "approximated")
    described: Json = {"schema": bytes(schema).decode().strip()}
    if form.name:
        described["name"] = form.name
    if form.description:
        described["description"] = form.description
    return {"type": "json_schema", "structure": {"jsonSchema": described}}


def _by_tool(
    tools: list[Json], form: ResponseFormat, choice: ToolChoice | None, writing: Writing, unforced: str
) -> Tooling:
    """Add the tool whose call is the answer; beside the caller's own tools, one of them all must be called."""
    request = writing.request
    name = choose_tool_name(tool.name for tool in request.tools if isinstance(tool, Tool))
    schema = (
        _ANY_OBJECT
        if form.kind == "json_object"
        else object_schema(form.schema, request.path("response_format"), empty=_EMPTY_SCHEMA)
    )
    description = f"{form.description}\n\n{DESCRIPTION}" if form.description else DESCRIPTION
    spec: Json = {"name": name, "description": description, "inputSchema": {"json": schema}}
    only = not tools or (choice is not None and choice.mode == "none")
    tools = [*tools, {"toolSpec": spec}]
    if unforced:
        why = f"asked for by a tool that the model may leave uncalled: {unforced}"
        writing.losses.field("response_format", why, "approximated")
        return replace(_choose(tools, "auto", "", writing), json_tool=name)
    writing.losses.field("response_format", "asked for by a tool that the model must call", "approximated")
    return replace(_choose(tools, "required", name if only else "", writing), json_tool=name)

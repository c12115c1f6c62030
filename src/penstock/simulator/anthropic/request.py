"""A whole request of Anthropic's Messages API, read into an :class:`Ask`; members that are not known are refused.

Hosts differ in a few members: on Bedrock and Vertex AI the body names a version and no model. Which host it is, is
decided by ``api``.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/extended-thinking,
.../build-with-claude/structured-outputs, .../build-with-claude/prompt-caching (read 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

import msgspec

from penstock.simulator.anthropic.blocks import mark_cache, read_blocks
from penstock.simulator.anthropic.generations import Manner, check_manner, hides_thoughts
from penstock.simulator.anthropic.messages import read_turns
from penstock.simulator.conversation import Ask, JsonOutput, Message, Tool, ToolMode
from penstock.simulator.native import only, refuse
from penstock.simulator.prompt_cache import Mark, Prefix
from penstock.simulator.request_fields import Fields

MEMBERS = frozenset(
    (
        *("max_tokens", "messages", "system", "stop_sequences", "stream", "temperature", "top_k", "top_p"),
        *("thinking", "tool_choice", "tools", "output_config", "output_format", "cache_control", "metadata"),
        *("service_tier", "container", "context_management", "inference_geo", "mcp_servers", "speed"),
    )
)
TOOL_MEMBERS = frozenset(
    (
        *("type", "name", "description", "input_schema", "cache_control", "strict", "eager_input_streaming"),
        *("defer_loading", "allowed_callers", "input_examples"),
    )
)
MIN_THINKING_TOKENS = 1024
EFFORTS = ("low", "medium", "high", "xhigh", "max")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
Display = Literal["summarized", "omitted"]


@dataclass(frozen=True, slots=True)
class MessagesRequest:
    """A whole request: what is asked, and how the answer is to be written."""

    ask: Ask
    marks: list[Mark]
    display: Display
    """Whether thoughts are shown."""
    stream: bool


def read_request(
    body: Fields, model: str, vendor: str, instance_seed: int, *, more: frozenset[str], counts_only: bool = False
) -> MessagesRequest:
    """Read a request body; ``more`` are members that this host knows besides.

    ``counts_only``: its tokens are to be counted, and no limit of the answer is needed.

    Raises:
        VendorError: Anthropic would refuse it, or the simulator cannot do it.
    """
    only(body, MEMBERS | more)
    if body.has("mcp_servers"):
        refuse("MCP servers are not simulated", "mcp_servers")
    max_tokens = body.integer("max_tokens", 1)
    if max_tokens is None and not counts_only:
        body.refuse_missing("max_tokens")
    thinks, display = _read_thinking(body, max_tokens, model)
    _read_sampling(body, thinks=thinks)
    prefix = Prefix()
    tools = _read_tools(body, prefix)
    system = _read_system(body, prefix)
    messages = (*system, *read_turns(body, prefix, within_budget=_thinks_within_budget(body)))
    check_manner(model, _manner(body, max_tokens, messages))
    mark_cache(body, prefix)
    mode, callable_tools, parallel = _read_tool_choice(body, tools, thinks=thinks)
    ask = Ask(
        vendor=vendor,
        model=model,
        messages=messages,
        tools=tools,
        tool_mode=mode,
        callable_tools=callable_tools,
        parallel_calls=parallel,
        json_output=_read_output(body),
        stop=_read_stops(body),
        max_tokens=max_tokens,
        seed=(instance_seed,),
        thinks=thinks,
    )
    return MessagesRequest(ask, prefix.marks, display, body.flag("stream"))


def _thinks_within_budget(body: Fields) -> bool:
    thinking = body.fields("thinking")
    return thinking is not None and thinking.text("type") == "enabled"


def _manner(body: Fields, max_tokens: int | None, messages: tuple[Message, ...]) -> Manner:
    thinking = body.fields("thinking")
    return Manner(
        thinking=thinking.text("type") if thinking is not None else None,
        sampling={
            "temperature": body.decimal("temperature", 0, 1),
            "top_p": body.decimal("top_p", 0, 1),
            "top_k": body.integer("top_k", 0),
        },
        max_tokens=max_tokens,
        last_role=messages[-1].role,
    )


def _read_thinking(body: Fields, max_tokens: int | None, model: str) -> tuple[bool, Display]:
    thinking = body.fields("thinking")
    if thinking is None:
        return False, "summarized"
    kind = thinking.needed_choice("type", ("enabled", "disabled", "adaptive"))
    only(thinking, frozenset({"type", "display", *(("budget_tokens",) if kind == "enabled" else ())}))
    if kind == "enabled":
        if not thinking.has("budget_tokens"):
            thinking.refuse_missing("budget_tokens")
        budget = thinking.integer("budget_tokens") or 0
        if budget < MIN_THINKING_TOKENS:
            message = f"Input should be greater than or equal to {MIN_THINKING_TOKENS}"
            refuse(message, "thinking.enabled.budget_tokens")
        if max_tokens is not None and budget >= max_tokens:
            message = "`max_tokens` must be greater than `thinking.budget_tokens`."
            refuse(message, None)
    usual = "omitted" if hides_thoughts(model) else "summarized"
    display = thinking.choice("display", ("summarized", "omitted")) or usual
    return kind != "disabled", "omitted" if display == "omitted" else "summarized"


def _read_sampling(body: Fields, *, thinks: bool) -> None:
    """Check the members that steer a real model's choice, and that change nothing here."""
    temperature = body.decimal("temperature", 0, 1)
    top_p = body.decimal("top_p", 0, 1)
    top_k = body.integer("top_k", 0)
    if thinks and temperature not in {None, 1}:
        message = "`temperature` may only be set to 1 when thinking is enabled."
        refuse(message, None)
    if thinks and (top_k is not None or (top_p is not None and top_p < 0.95)):
        message = "`top_k` must be unset and `top_p` at least 0.95 when thinking is enabled."
        refuse(message, None)
    metadata = body.fields("metadata")
    if metadata is not None:
        only(metadata, frozenset({"user_id"}))
        metadata.text("user_id")
    body.choice("service_tier", ("auto", "standard_only"))


def _read_stops(body: Fields) -> tuple[str, ...]:
    value = body.members.get("stop_sequences")
    if value is None or value == []:
        return ()
    found = body.array("stop_sequences") or []
    for index, one in enumerate(found):
        if not isinstance(one, str):
            refuse("Input should be a valid string", f"stop_sequences[{index}]")
        if not one.strip():
            refuse("each stop sequence must contain non-whitespace", "stop_sequences")
    return msgspec.convert(found, tuple[str, ...])


def _read_system(body: Fields, prefix: Prefix) -> tuple[Message, ...]:
    if not body.has("system"):
        return ()
    blocks = read_blocks(body, "system", ("text",), prefix)
    return (Message("system", "\n".join(block.text for block in blocks)),)


# --- tools


def _read_tools(body: Fields, prefix: Prefix) -> tuple[Tool, ...]:
    if body.members.get("tools") == []:
        return ()
    tools: list[Tool] = []
    for fields in body.objects("tools"):
        tool = _read_tool(fields)
        if tool.name in {one.name for one in tools}:
            refuse("Tool names must be unique.", "tools")
        tools.append(tool)
        prefix.add(tool.text, tool.text)
        mark_cache(fields, prefix)
    return tuple(tools)


def _read_tool(fields: Fields) -> Tool:
    kind = fields.text("type") or "custom"
    if kind != "custom":
        refuse(f"the tool type '{kind[:64]}' is not simulated", fields.at("type"))
    only(fields, TOOL_MEMBERS)
    name = fields.needed_text("name")
    if not _NAME.fullmatch(name):
        message = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
        refuse(message, f"{fields.path}.custom.name")
    schema = fields.needed_fields("input_schema")
    if schema.members.get("type") != "object":
        refuse("Input should be 'object'", f"{fields.path}.custom.input_schema.type")
    if fields.flag("strict"):
        _check_form(schema.members, schema.path)
    unmarked = {key: value for key, value in fields.members.items() if key != "cache_control"}
    text = msgspec.json.encode(unmarked).decode()
    return Tool(name, fields.text("description") or "", schema.members, schema.path, text)


def _read_tool_choice(
    body: Fields, tools: tuple[Tool, ...], *, thinks: bool
) -> tuple[ToolMode, tuple[Tool, ...], bool]:
    """Return whether tools must, may or must not be called, which of them, and whether several at once."""
    choice = body.fields("tool_choice")
    if choice is None:
        return "auto", tools, True
    kind = choice.needed_choice("type", ("auto", "any", "tool", "none"))
    members = {"auto": "disable_parallel_tool_use", "any": "disable_parallel_tool_use", "none": ""}
    only(choice, frozenset({"type", *members.get(kind, "name disable_parallel_tool_use").split()}))
    parallel = not choice.flag("disable_parallel_tool_use")
    if not tools and kind != "none":
        refuse("tool_choice may only be specified while providing tools", "tool_choice")
    if thinks and kind in {"any", "tool"}:
        refuse("Thinking may not be enabled when tool_choice forces tool use.", None)
    if kind == "tool":
        name = choice.needed_text("name")
        named = tuple(tool for tool in tools if tool.name == name)
        if not named:
            message = f"Tool '{name[:64]}' not found in provided tools"
            refuse(message, "tool_choice.tool.name")
        return "required", named, parallel
    return "none" if kind == "none" else "required" if kind == "any" else "auto", tools, parallel


# --- JSON


def _read_output(body: Fields) -> JsonOutput | None:
    config = body.fields("output_config")
    wanted = body.fields("output_format")
    if config is not None:
        only(config, frozenset({"effort", "format", "task_budget"}))
        config.choice("effort", EFFORTS)
        wanted = config.fields("format") or wanted
    if wanted is None:
        return None
    only(wanted, frozenset({"type", "schema"}))
    wanted.needed_choice("type", ("json_schema",))
    schema = wanted.needed_fields("schema")
    _check_form(schema.members, schema.path)
    return JsonOutput("answer", schema.members)


def _check_form(schema: dict[str, object], place: str) -> None:
    """Refuse a schema in which an object may have members that are not named, or that contains itself."""
    needed: dict[str, set[str]] = {}
    pending: list[tuple[object, str, str]] = [(schema, "#", "#")]  # a part, its place, and the definition it is in
    while pending:
        part, at, inside = pending.pop()
        if isinstance(part, list):
            pending += [(child, f"{at}/{number}", inside) for number, child in enumerate(part)]
        if not isinstance(part, dict):
            continue
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            refuse("For 'object' type, 'additionalProperties' must be explicitly set to false", place)
        reference = part.get("$ref")
        if isinstance(reference, str):
            needed.setdefault(inside, set()).add(reference)
        for name, child in part.items():
            defines = at in {"#/$defs", "#/definitions"}
            pending.append((child, f"{at}/{name}", f"{at}/{name}" if defines else inside))
    try:
        TopologicalSorter(needed).prepare()
    except CycleError:
        refuse("Recursive schemas are not supported", place)

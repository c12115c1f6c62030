"""A neutral request as the body of OpenAI's ``POST /chat/completions``.

What OpenAI has no member for is reported. Members are OpenAI's own; what compatible vendors call otherwise (the limit
is ``max_tokens`` to many) or refuse is changed afterwards by their provider, as it is for callers who speak OpenAI
themselves. Which words of effort a model takes is a row of data. Messages: ``lower_messages``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23), checked against the parameter types of the
Python SDK 3.54.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat import EFFORTS, ChatRequest, Reasoning, ResponseFormat, Tool, ToolChoice
from penstock.core.chat_format import Losses, Lowered
from penstock.core.model_facts import ModelFacts
from penstock.wire.openai_chat.lower_messages import lower_messages
from penstock.wire.openai_chat.lower_parts import report_marker
from penstock.wire.openai_chat.vocabulary import VENDOR

MOST_STOPS = 4
"""Stop sequences that OpenAI takes."""

SERVICE_TIERS: Mapping[str, str] = MappingProxyType(
    {
        "auto": "auto",
        "default": "default",
        "flex": "flex",
        "scale": "scale",
        "priority": "priority",
        "fast": "fast",
        "standard_only": "default",
        "standard": "default",
    }
)
"""Tier that was asked for to OpenAI's; another word is reported as lost."""

BUDGET_EFFORTS: tuple[tuple[int, str], ...] = ((2048, "low"), (16384, "medium"))
"""A budget of thinking tokens up to this many is this effort; more is ``high``."""

_NO_PLACE = "OpenAI has no such setting"
_ASKS_FOR_NOTHING = frozenset({b"null", b"false", b"{}", b"[]", b'""'})
_schema_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SAMPLING = ("temperature", "top_p")
_PLAIN = ("seed", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs")


def lower_request(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Write the request for a model; what cannot be carried is in the losses.

    Raises:
        InvalidRequest: it has content that OpenAI cannot be given.
    """
    losses = Losses(request)
    messages = lower_messages(request.messages, request.vendor, losses, reasoning_back=facts.reasoning_back)
    body: dict[str, object] = {"model": model, "messages": messages}
    if request.stream:
        body["stream"] = True
        if request.wants_usage_event:
            body["stream_options"] = {"include_usage": True}
    _write_tools(request, body, losses)
    _write_limits(request, body, losses)
    _write_sampling(request, facts, body, losses)
    if request.response_format is not None and request.response_format.kind != "text":
        body["response_format"] = _response_format(request.response_format)
    _write_reasoning(request, facts, body, losses)
    _write_account(request, body, losses)
    for name, value in request.extras.items():
        if request.vendor == VENDOR:
            body.setdefault(name, value)
        elif bytes(value) not in _ASKS_FOR_NOTHING:
            losses.at(name, _NO_PLACE)
    return Lowered(msgspec.json.encode(body), tuple(losses.found))


# --- tools


def _write_tools(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    tools: list[object] = []
    for tool in request.tools:
        if isinstance(tool, Tool):
            tools.append(_tool(tool, losses, own=request.vendor == VENDOR))
        elif tool.vendor == VENDOR:
            tools.append(tool.raw)
        else:
            losses.at(tool.at, f"{tool.kind} is a tool of another vendor")
    if not tools:
        if request.tool_choice is not None and request.tool_choice.mode in {"required", "named"}:
            losses.field("tool_choice", "there is no tool left to choose")
        return
    body["tools"] = tools
    choice = request.tool_choice
    if choice is not None and _is_left(choice, request):
        body["tool_choice"] = _choice(choice, request)
    elif choice is not None:
        losses.field("tool_choice", "the chosen tool is one of another vendor")
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _tool(tool: Tool, losses: Losses, *, own: bool) -> dict[str, object]:
    report_marker(tool.cache, tool.at, losses)
    function: dict[str, object] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if bytes(tool.schema):
        function["parameters"] = tool.schema if own else _with_properties(tool.schema)
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _with_properties(schema: msgspec.Raw) -> object:
    """Return a schema that says which properties an object has: OpenAI refuses one that does not, others do not."""
    raw = bytes(schema)
    if b'"properties"' in raw or b'"object"' not in raw:
        return schema
    members = _schema_decoder.decode(raw)
    return {**members, "properties": {}} if members.get("type") == msgspec.Raw(b'"object"') else schema


def _is_left(choice: ToolChoice, request: ChatRequest) -> bool:
    """Say whether the tools that are chosen are among those that were written."""
    functions = {tool.name for tool in request.tools if isinstance(tool, Tool)}
    return request.vendor == VENDOR or functions.issuperset(choice.names)


def _choice(choice: ToolChoice, request: ChatRequest) -> object:
    if choice.mode == "named":
        return _named(choice.names[0], request)
    if choice.mode == "required" and choice.names:
        tools = [_named(name, request) for name in choice.names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": tools}}
    return choice.mode


def _named(name: str, request: ChatRequest) -> dict[str, object]:
    """Return a reference to a tool; what no function is called is a custom tool of OpenAI's."""
    kind = "function" if any(isinstance(tool, Tool) and tool.name == name for tool in request.tools) else "custom"
    return {"type": kind, kind: {"name": name}}


# --- limits and sampling


def _write_limits(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    if request.max_output_tokens is not None:
        old = request.vendor == VENDOR and request.path("max_output_tokens") == "max_tokens"
        body["max_tokens" if old else "max_completion_tokens"] = request.max_output_tokens
    if request.stop:
        body["stop"] = list(request.stop[:MOST_STOPS])
        if len(request.stop) > MOST_STOPS:
            losses.field("stop", f"OpenAI takes {MOST_STOPS} stop sequences", "clamped")
    if request.choices is not None:
        body["n"] = request.choices


def _write_sampling(request: ChatRequest, facts: ModelFacts, body: dict[str, object], losses: Losses) -> None:
    for name in _SAMPLING:
        value: float | None = getattr(request, name)
        if value is not None and facts.sampling:
            body[name] = value
        elif value is not None:
            losses.field(name, "this model takes no sampling settings")
    for name in _PLAIN:
        setting: object = getattr(request, name)
        if setting is not None:
            body[name] = setting
    if request.top_k is not None:
        if request.vendor == VENDOR:
            body["top_k"] = request.top_k
        else:
            losses.field("top_k", _NO_PLACE)


def _response_format(wanted: ResponseFormat) -> dict[str, object]:
    if wanted.kind != "json_schema":
        return {"type": wanted.kind}
    described: dict[str, object] = {"name": wanted.name or "answer"}
    if wanted.description is not None:
        described["description"] = wanted.description
    if bytes(wanted.schema):
        described["schema"] = wanted.schema
    if wanted.strict is not None:
        described["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": described}


# --- reasoning


def _write_reasoning(request: ChatRequest, facts: ModelFacts, body: dict[str, object], losses: Losses) -> None:
    asked = request.reasoning
    if request.vendor == VENDOR:
        if asked is not None:
            _repeat_reasoning(request, asked, body)
        return
    if asked is not None and asked.mode is not None and facts.thinking_switch:
        body["thinking"] = {"type": "disabled" if asked.mode == "disabled" else "enabled"}
        if asked.mode == "disabled":
            return
    effort = None if asked is None else _effort(asked, facts, losses)
    if "tools" in body and facts.effort_beside_tools != "any":
        if effort not in {None, "none"}:
            losses.field("reasoning", "this model takes no effort beside tools in chat completions")
        effort = "none" if facts.effort_beside_tools == "none" else None
    elif effort is not None and asked is not None and effort not in {asked.effort, _wanted_off(asked)}:
        losses.field("reasoning", f"said as effort {effort}", "approximated")
    if effort is not None:
        body["reasoning_effort"] = effort


def _repeat_reasoning(request: ChatRequest, asked: Reasoning, body: dict[str, object]) -> None:
    """Write what a caller of this very format said, as it was said."""
    if asked.effort is not None:
        body["reasoning_effort"] = asked.effort
    if request.path("reasoning") == "thinking":
        shown = None if asked.show is None else "summarized" if asked.show else "omitted"
        option = {"type": asked.mode, "budget_tokens": asked.budget_tokens, "display": shown}
        body["thinking"] = {name: value for name, value in option.items() if value is not None}


def _effort(asked: Reasoning, facts: ModelFacts, losses: Losses) -> str | None:
    """Return the word of effort that the model takes; None when there is nothing to be said."""
    wanted = _wanted_effort(asked)
    if wanted is None or wanted in facts.efforts:
        return wanted
    if facts.efforts:
        return _nearest(wanted, facts.efforts)
    if wanted != "none" or facts.thinking != "none":
        losses.field("reasoning", "this model is not known to take an effort")
    return None


def _wanted_off(asked: Reasoning) -> str | None:
    """Return the word that says exactly that there is to be no thinking, if that is asked for."""
    return "none" if asked.mode == "disabled" else None


def _wanted_effort(asked: Reasoning) -> str | None:
    """Return the word of effort; None when the model may think as it sees fit, which is what OpenAI's do."""
    if asked.mode == "disabled":
        return "none"
    if asked.effort is not None:
        return asked.effort
    if asked.budget_tokens is None:
        return None
    return next((word for most, word in BUDGET_EFFORTS if asked.budget_tokens <= most), "high")


def _nearest(wanted: str, known: tuple[str, ...]) -> str:
    """Return the known effort nearest to one that the model does not take; of two, the higher."""
    ranked = [word for word in known if word in EFFORTS]
    if wanted not in EFFORTS or not ranked:
        return known[len(known) // 2]
    place = EFFORTS.index(wanted)
    return min(reversed(ranked), key=lambda word: abs(EFFORTS.index(word) - place))


# --- on whose behalf


def _write_account(request: ChatRequest, body: dict[str, object], losses: Losses) -> None:
    if request.user is not None:
        body[request.path("user") if request.vendor == VENDOR else "user"] = request.user
    if request.metadata is not None:
        if request.vendor == VENDOR:
            body["metadata"] = request.metadata
        else:
            losses.field("metadata", "OpenAI keeps metadata only of stored answers")
    if request.service_tier is None:
        return
    tier = SERVICE_TIERS.get(request.service_tier)
    if tier is None:
        losses.field("service_tier", "OpenAI has no such tier")
    else:
        body["service_tier"] = tier

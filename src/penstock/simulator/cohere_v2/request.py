"""A chat request of Cohere's API v2, read into an :class:`Ask`; members that are not known are refused.

https://docs.cohere.com/reference/chat, https://docs.cohere.com/docs/structured-outputs and
https://docs.cohere.com/docs/reasoning (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.simulator.conversation import Ask, JsonOutput, Message, Tool, ToolMode
from penstock.simulator.native import NativeQuestion, only, refuse
from penstock.simulator.request_fields import Fields

MEMBERS = frozenset(
    (
        *("model", "messages", "stream", "tools", "strict_tools", "tool_choice", "documents", "citation_options"),
        *("response_format", "safety_mode", "max_tokens", "stop_sequences", "temperature", "seed"),
        *("frequency_penalty", "presence_penalty", "k", "p", "logprobs", "thinking", "priority", "raw_prompting"),
    )
)
ROLES = ("user", "assistant", "system", "tool")
IMAGE_TOKENS = 85
MAX_STOPS = 5


def read_request(question: NativeQuestion) -> tuple[Ask, bool]:
    """Read a request body; return what is asked, and whether a stream is.

    Raises:
        VendorError: Cohere would refuse it.
    """
    body = question.body
    only(body, MEMBERS)
    _read_sampling(body)
    tools = tuple(_read_tool(fields) for fields in body.objects("tools")) if body.members.get("tools") else ()
    output = _read_output(body)
    if output is not None and (tools or body.members.get("documents")):
        refuse("response_format is not supported together with tools or documents", "response_format")
    ask = Ask(
        vendor=question.service,
        model=question.model,
        messages=_read_messages(body),
        tools=tools,
        tool_mode=_read_tool_choice(body, tools),
        callable_tools=tools,
        json_output=output,
        stop=_read_stops(body),
        max_tokens=body.integer("max_tokens", 1),
        seed=(question.instance_seed, body.integer("seed", 0)),
        thinks=_read_thinking(body, question.model),
    )
    return ask, body.flag("stream")


def _read_sampling(body: Fields) -> None:
    """Check the members that steer a real model's choice, and that change nothing here."""
    body.decimal("temperature", 0, 1)
    body.decimal("p", 0.01, 0.99)
    body.integer("k", 0, 500)
    body.decimal("frequency_penalty", 0, 1)
    body.decimal("presence_penalty", 0, 1)
    body.flag("logprobs")
    body.choice("safety_mode", ("CONTEXTUAL", "STRICT", "OFF", "NONE"))


def _read_thinking(body: Fields, model: str) -> bool:
    thinking = body.fields("thinking")
    can_think = "reasoning" in model or "plus" in model
    if thinking is None:
        return "reasoning" in model
    only(thinking, frozenset({"type", "token_budget"}))
    thinks = thinking.needed_choice("type", ("enabled", "disabled")) == "enabled"
    budget = thinking.integer("token_budget", 1)
    if (thinks or budget) and not can_think and not model.startswith("fault-"):
        refuse(f"thinking is not supported by model '{model[:100]}'", "thinking")
    return thinks


def _read_stops(body: Fields) -> tuple[str, ...]:
    if not body.members.get("stop_sequences"):
        return ()
    found = body.array("stop_sequences", most=MAX_STOPS) or []
    if not all(isinstance(one, str) and one for one in found):
        refuse("stop_sequences must be strings that are not empty", "stop_sequences")
    return msgspec.convert(found, tuple[str, ...])


# --- messages


def _read_messages(body: Fields) -> tuple[Message, ...]:
    if not body.members.get("messages"):
        body.refuse_missing("messages")
    names: dict[str, str] = {}
    open_calls: list[str] = []
    messages = []
    for fields in body.objects("messages"):
        message = _read_message(fields, names)
        if message.role == "tool":
            if message.call_id not in open_calls:
                refuse(f"tool call id {str(message.call_id)[:64]} not found in previous tool calls", fields.path)
            open_calls.remove(message.call_id or "")
        elif open_calls:
            refuse(f"tool calls without results: {', '.join(open_calls)[:300]}", fields.path)
        else:
            open_calls = list(message.calls)
        messages.append(message)
    if open_calls:
        refuse(f"tool calls without results: {', '.join(open_calls)[:300]}", "messages")
    return tuple(messages)


def _read_message(fields: Fields, names: dict[str, str]) -> Message:
    match fields.needed_choice("role", ROLES):
        case "assistant":
            return _read_assistant(fields, names)
        case "tool":
            only(fields, frozenset({"role", "tool_call_id", "content"}))
            text, other_tokens = _read_content(fields, ("text", "document"))
            call_id = fields.needed_text("tool_call_id")
            return Message("tool", text, call_id=call_id, name=names.get(call_id, ""), other_tokens=other_tokens)
        case role:
            only(fields, frozenset({"role", "content"}))
            text, other_tokens = _read_content(fields, ("text", "image_url") if role == "user" else ("text",))
            return Message("system" if role == "system" else "user", text, other_tokens=other_tokens)


def _read_assistant(fields: Fields, names: dict[str, str]) -> Message:
    only(fields, frozenset({"role", "content", "tool_calls", "tool_plan", "citations"}))
    ids: list[str] = []
    other = [fields.text("tool_plan") or ""]
    for call in fields.objects("tool_calls") if fields.members.get("tool_calls") else ():
        call.needed_choice("type", ("function",))
        function = call.needed_fields("function")
        ids.append(call.needed_text("id"))
        names[ids[-1]] = function.needed_text("name")
        other += (names[ids[-1]], _read_arguments(function))
    text, other_tokens = _read_content(fields, ("text", "thinking")) if fields.has("content") else ("", 0)
    if not ids and not text:
        refuse("an assistant message must have content or tool_calls", fields.path)
    return Message("assistant", text, calls=tuple(ids), other_text="".join(other), other_tokens=other_tokens)


def _read_arguments(function: Fields) -> str:
    text = function.needed_text("arguments")
    try:
        decoded = msgspec.json.decode(text)
    except msgspec.DecodeError:
        decoded = None
    if not isinstance(decoded, dict):
        refuse("tool call arguments must be a JSON object", function.at("arguments"))
    return text


def _read_content(fields: Fields, kinds: tuple[str, ...]) -> tuple[str, int]:
    """Return the text of a message's content, and what its other parts count for."""
    content = fields.members.get("content")
    if isinstance(content, str):
        if not content:
            refuse("all messages must have non-empty content", fields.at("content"))
        return content, 0
    if not content:
        fields.refuse_missing("content")
    texts: list[str] = []
    other_tokens = 0
    for part in fields.objects("content"):
        kind = part.needed_choice("type", kinds)
        if kind == "text":
            texts.append(part.needed_text("text"))
        elif kind == "document":
            texts.append(msgspec.json.encode(part.needed_fields("document").members.get("data")).decode())
        elif kind == "image_url":
            part.needed_fields("image_url").needed_text("url")
            other_tokens += IMAGE_TOKENS
        else:
            part.needed_text("thinking")
    return "\n".join(texts), other_tokens


# --- tools and JSON


def _read_tool(fields: Fields) -> Tool:
    fields.needed_choice("type", ("function",))
    function = fields.needed_fields("function")
    only(function, frozenset({"name", "description", "parameters"}))
    schema = function.needed_fields("parameters")
    name = function.needed_text("name")
    if not name:
        refuse("tool names must not be empty", function.at("name"))
    text = msgspec.json.encode(fields.members).decode()
    return Tool(name, function.text("description") or "", schema.members, schema.path, text)


def _read_tool_choice(body: Fields, tools: tuple[Tool, ...]) -> ToolMode:
    choice = body.choice("tool_choice", ("REQUIRED", "NONE"))
    if choice is not None and not tools:
        refuse("tool_choice may only be specified with tools", "tool_choice")
    if body.flag("strict_tools"):
        for tool in tools:
            if isinstance(tool.parameters, dict) and not tool.parameters.get("required"):
                refuse(f"strict_tools: tool '{tool.name}' must have at least one required parameter", tool.place)
    return "none" if choice == "NONE" else "required" if choice == "REQUIRED" else "auto"


def _read_output(body: Fields) -> JsonOutput | None:
    wanted = body.fields("response_format")
    if wanted is None or wanted.needed_choice("type", ("text", "json_object")) == "text":
        return None
    only(wanted, frozenset({"type", "json_schema", "schema"}))
    schema = wanted.fields("json_schema") or wanted.fields("schema")
    if schema is None:
        return JsonOutput()
    if schema.members.get("type") != "object" or not schema.members.get("required"):
        refuse("the root of json_schema must be an object with at least one required field", schema.path)
    return JsonOutput("answer", schema.members)

"""A request of OpenAI chat to the neutral form.

One typed decode of the caller's bytes; only when a closed object has a member nobody documents, those are found, noted
as ``unread`` and left out. What asks for nothing (``n: 1``, ``logprobs: false``, an empty list) is not said further.
Documented members that only OpenAI can serve, and members nobody documents, go into ``extras``. Extensions that are
read are listed in ``request_body``. Messages and tools are read by ``lift_messages`` and ``lift_tools``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23). Checks that depend on the provider (which
models take which values) are not made here.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest, Reasoning, ResponseFormat
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.openai_chat import request_body as body
from penstock.wire.openai_chat.invalid import refuse, refuse_deep, refuse_undecodable
from penstock.wire.openai_chat.lift_messages import lift_messages
from penstock.wire.openai_chat.lift_tools import lift_choice, lift_response_schema, lift_tools
from penstock.wire.openai_chat.unread import without_unknown
from penstock.wire.openai_chat.vocabulary import VENDOR
from penstock.wire.openai_fields import ASKS_NOTHING

_decoder = msgspec.json.Decoder(body.Body)
_READ = frozenset(body.Body.__struct_fields__)
_DECODE_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def lift_request(source: JsonObject) -> ChatRequest:
    """Return what a caller asks for.

    Raises:
        InvalidRequest: not OpenAI chat; ``param`` is the JSON path of what is wrong.
    """
    unread: list[str] = []
    for name in source.names() if source.repeated else ():
        source.raw(name)
    source.require_utf8()
    request = _decode(source.source, unread)
    messages = lift_messages(request.messages, unread)
    tools, paths = lift_tools(request, unread), _paths(request)
    choice, tools = lift_choice(request, tools)
    extras = _extras(source)
    if request.max_completion_tokens is not None and request.max_tokens is not None:
        unread.append("max_tokens")
    if request.safety_identifier and request.user:
        unread.append("user")
    return ChatRequest(
        vendor=VENDOR,
        paths=paths,
        messages=messages,
        model=request.model,
        stream=bool(request.stream),
        wants_usage_event=bool(request.stream and request.stream_options and request.stream_options.include_usage),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=request.parallel_tool_calls,
        max_output_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=_stop(request.stop),
        seed=request.seed,
        choices=None if request.n == 1 else request.n,
        frequency_penalty=request.frequency_penalty or None,
        presence_penalty=request.presence_penalty or None,
        logit_bias=_map_of(request.logit_bias, "logit_bias"),
        logprobs=request.logprobs or None,
        top_logprobs=request.top_logprobs or None,
        response_format=_response_format(request.response_format),
        reasoning=_reasoning(request),
        service_tier=request.service_tier,
        user=request.safety_identifier or request.user or None,
        metadata=_map_of(request.metadata, "metadata"),
        extras=extras,
        unread=tuple(unread),
    )


def _decode(source: bytes, unread: list[str]) -> body.Body:
    try:
        return _decoder.decode(source)
    except _DECODE_ERRORS as error:
        if "unknown field" not in str(error):
            refuse_undecodable(error)
    try:
        return _decoder.decode(without_unknown(source, body.Body, "", unread))
    except _DECODE_ERRORS as error:
        refuse_undecodable(error)


def _paths(request: body.Body) -> dict[str, str]:
    """Return what the caller calls the fields that have another name here."""
    return {
        "max_output_tokens": "max_tokens" if request.max_completion_tokens is None else "max_completion_tokens",
        "choices": "n",
        "reasoning": "reasoning_effort" if request.thinking is None else "thinking",
        "user": "safety_identifier" if request.safety_identifier else "user",
        "tools": "functions" if request.functions and not request.tools else "tools",
        "tool_choice": "function_call" if request.tool_choice is None and request.function_call else "tool_choice",
        "wants_usage_event": "stream_options.include_usage",
    }


def _stop(stop: str | list[str] | None) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def _map_of(raw: msgspec.Raw, name: str) -> msgspec.Raw | None:
    """Return a member that must be an object; None when it is empty."""
    if raw == body.ABSENT:
        return None
    try:
        members = JsonObject(bytes(raw))
    except InvalidRequest:
        refuse(f'"{name}" must be an object.', name)
    refuse_deep(members.source, name)
    return raw if members.names() else None


def _response_format(wanted: body.AnswerFormat | None) -> ResponseFormat | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return ResponseFormat("json_object")
    described = wanted.json_schema
    path = "response_format.json_schema"
    if described is None:
        refuse(f'"{path}" is missing.', path)
    schema = lift_response_schema(described.schema, f"{path}.schema")
    return ResponseFormat("json_schema", schema, described.name, described.description, described.strict)


def _reasoning(request: body.Body) -> Reasoning | None:
    effort, thinking = request.reasoning_effort, request.thinking
    if thinking is not None:
        show = None if thinking.display is None else thinking.display != "omitted"
        return Reasoning(thinking.type, effort, thinking.budget_tokens, show)
    if effort is None:
        return None
    return Reasoning("disabled" if effort == "none" else None, effort)


def _extras(source: JsonObject) -> dict[str, msgspec.Raw]:
    """Return the members that nothing else reads, unless they ask for nothing."""
    extras = {}
    for name in source.names():
        if name not in _READ:
            raw = source.raw(name) or b"null"
            refuse_deep(raw, name)
            if raw != b"null" and not _asks_nothing(name, raw):
                extras[name] = msgspec.Raw(raw)
    return extras


def _asks_nothing(name: str, raw: bytes) -> bool:
    if name not in ASKS_NOTHING:
        return False
    try:
        value: object = msgspec.json.decode(raw)
    except _DECODE_ERRORS as error:
        refuse_undecodable(error, name)
    return any(value == same and isinstance(value, bool) == isinstance(same, bool) for same in ASKS_NOTHING[name])

"""A request of OpenAI chat to the neutral form.

One typed decode of the caller's bytes; only when a closed object has a member nobody documents, those are found, noted
as ``unread`` and left out. What asks for nothing (``n: 1``, ``logprobs: false``, an empty list) is not said further.
Documented members that only OpenAI can serve, and members nobody documents, go into ``extras``. Extensions that are
read are listed in ``request_body``. Messages and tools are read by ``lift_messages`` and ``lift_tools``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23). Checks that depend on the provider (which
models take which values) are not made here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from penstock.core.chat import ChatRequest, Reasoning, ResponseFormat
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.openai_chat import request_body as body
from penstock.wire.openai_chat.invalid import refuse, refuse_deep, refuse_undecodable
from penstock.wire.openai_chat.lift_messages import lift_messages
from penstock.wire.openai_chat.lift_tools import lift_choice, lift_response_schema, lift_tools
from penstock.wire.openai_chat.unread import without_unknown
from penstock.wire.openai_chat.vocabulary import CALLS_FUNCTIONS, VENDOR
from penstock.wire.openai_fields import ASKS_NOTHING

_decoder = msgspec.json.Decoder(body.Body)
_READ = frozenset(body.Body.__struct_fields__)
_PATHS = {
    "max_output_tokens": "max_tokens",
    "choices": "n",
    "reasoning": "reasoning_effort",
    "wants_usage_event": "stream_options.include_usage",
}
"""What most callers call the fields that have another name here."""
_SAME = frozenset({"model", "parallel_tool_calls", "temperature", "top_p", "top_k", "seed", "service_tier"})
"""Members that are fields as they are."""
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
    chat = ChatRequest(VENDOR, _PATHS, lift_messages(request.messages, unread))
    if request.tools or request.functions:
        chat.tools = lift_tools(request, unread)
    if request.tool_choice is not None or request.function_call is not None:
        chat.tool_choice, chat.tools = lift_choice(request, chat.tools)
    for name in source:
        if name in _SAME:
            setattr(chat, name, getattr(request, name))
        elif name in _READERS:
            _READERS[name](chat, request, unread)
        elif name not in _READ:
            _keep_extra(chat, source, name)
    if unread:
        chat.unread = tuple(unread)
    return chat


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


# --- members that are read each in a way of its own


def _read_stream(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.stream = bool(request.stream)
    options = request.stream_options
    chat.wants_usage_event = bool(chat.stream and options and options.include_usage)


def _read_max_tokens(chat: ChatRequest, request: body.Body, unread: list[str]) -> None:
    if request.max_completion_tokens is None:
        chat.max_output_tokens = request.max_tokens
    elif request.max_tokens is not None:
        unread.append("max_tokens")


def _read_max_completion_tokens(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    if request.max_completion_tokens is not None:
        chat.max_output_tokens = request.max_completion_tokens
        _rename(chat, "max_output_tokens", "max_completion_tokens")


def _read_stop(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    stop = request.stop
    if stop:
        chat.stop = (stop,) if isinstance(stop, str) else tuple(filter(None, stop))  # an empty text stops nothing


def _read_n(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.choices = None if request.n == 1 else request.n


def _read_penalties(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.frequency_penalty = request.frequency_penalty or None
    chat.presence_penalty = request.presence_penalty or None


def _read_logprobs(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.logprobs = request.logprobs or None
    chat.top_logprobs = request.top_logprobs or None


def _read_maps(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.logit_bias = _map_of(request.logit_bias, "logit_bias")
    chat.metadata = _map_of(request.metadata, "metadata")


def _read_response_format(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.response_format = _response_format(request.response_format)


def _read_reasoning(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    chat.reasoning = _reasoning(request)
    if request.thinking is not None:
        _rename(chat, "reasoning", "thinking")


def _read_user(chat: ChatRequest, request: body.Body, unread: list[str]) -> None:
    if not request.safety_identifier:
        chat.user = request.user or None
    elif request.user:
        unread.append("user")


def _read_safety_identifier(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    if request.safety_identifier:
        chat.user = request.safety_identifier
        _rename(chat, "user", "safety_identifier")


def _read_functions(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    if request.functions and not request.tools:
        chat.parallel_tool_calls = False  # an answer in this form has one call
        chat.paths = {**chat.paths, **CALLS_FUNCTIONS}


def _read_function_call(chat: ChatRequest, request: body.Body, _unread: list[str]) -> None:
    if request.function_call and request.tool_choice is None:
        _rename(chat, "tool_choice", "function_call")


_READERS: Mapping[str, Callable[[ChatRequest, body.Body, list[str]], None]] = {
    "stream": _read_stream,
    "max_tokens": _read_max_tokens,
    "max_completion_tokens": _read_max_completion_tokens,
    "stop": _read_stop,
    "n": _read_n,
    "frequency_penalty": _read_penalties,
    "presence_penalty": _read_penalties,
    "logprobs": _read_logprobs,
    "top_logprobs": _read_logprobs,
    "logit_bias": _read_maps,
    "metadata": _read_maps,
    "response_format": _read_response_format,
    "reasoning_effort": _read_reasoning,
    "thinking": _read_reasoning,
    "user": _read_user,
    "safety_identifier": _read_safety_identifier,
    "functions": _read_functions,
    "function_call": _read_function_call,
}
"""Member of the body to what reads it; messages and tools are read before these."""


def _rename(chat: ChatRequest, field: str, name: str) -> None:
    """Note that the caller calls a field by another name than most do."""
    chat.paths = {**chat.paths, field: name}


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


def _keep_extra(chat: ChatRequest, source: JsonObject, name: str) -> None:
    """Keep a member that nothing else reads, unless it asks for nothing."""
    raw = source.raw(name) or b"null"
    refuse_deep(raw, name)
    if raw != b"null" and not _asks_nothing(name, raw):
        chat.extras[name] = msgspec.Raw(raw)


def _asks_nothing(name: str, raw: bytes) -> bool:
    if name not in ASKS_NOTHING:
        return False
    try:
        value: object = msgspec.json.decode(raw)
    except _DECODE_ERRORS as error:
        refuse_undecodable(error, name)
    return any(value == same and isinstance(value, bool) == isinstance(same, bool) for same in ASKS_NOTHING[name])

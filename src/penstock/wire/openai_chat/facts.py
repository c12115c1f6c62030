"""OpenAI chat completions, as far as a relay between two ends of this format must understand them.

Reads who is asked for (``model``), whether the answer is a stream and whether the caller wants counts in it; and from
answers and events the usage, the finish reasons and errors. The legacy completions endpoint has the same frame (choices
with ``finish_reason``, ``usage``, ``[DONE]``) and is read by the same code. Everything else stays bytes.

https://platform.openai.com/docs/api-reference/chat and .../chat-streaming (read 2026-11-23), checked against the types
of the Python SDK 3.54.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from penstock.core.endpoint import PLAIN_EVENT, AnswerFacts, RequestFacts, UsageReader
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import FLAG, TEXT, JsonEdit, JsonObject
from penstock.core.usage import UNREPORTED
from penstock.wire.openai_errors import describe_error
from penstock.wire.openai_usage import PlainUsage, read_openai_usage

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]

FINISH_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "stop": "a natural end, or a stop sequence",
        "length": "the token limit",
        "tool_calls": "tools are to be called",
        "content_filter": "withheld by a content filter",
        "function_call": "a function is to be called (deprecated form)",
    }
)
"""Documented values of ``finish_reason``; others are passed on and shown as they are."""

END_OF_STREAM = b"[DONE]"


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    """An answer or event as documented; ``_OddAnswer`` where usage is read in another way."""

    choices: list[_Choice] | None = None
    usage: PlainUsage | None = None
    model: str | None = None
    error: msgspec.Raw | None = None


class _OddAnswer(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: dict[str, object] | None = None
    model: str | None = None
    error: msgspec.Raw | None = None


_stream_options_decoder: msgspec.json.Decoder[_StreamOptions | None] = msgspec.json.Decoder(_StreamOptions | None)
_answer_decoder = msgspec.json.Decoder(_Answer)
_odd_answer_decoder = msgspec.json.Decoder(_OddAnswer)


def read_request(body: JsonObject) -> RequestFacts:
    """Return what a relay must know of the request.

    Raises:
        InvalidRequest: a field it needs has another type, or stands twice.
    """
    stream = body.read("stream", FLAG) or False
    options = body.read("stream_options", _stream_options_decoder) if stream else None
    return RequestFacts(
        model=body.read("model", TEXT),
        stream=stream,
        wants_usage_event=options is not None and bool(options.include_usage),
    )


def ask_for_usage(edit: JsonEdit) -> None:
    """Have the stream end with an event that carries the usage; other stream options stay as they are."""
    raw = edit.raw("stream_options")
    if raw is None or raw == b"null":
        edit.set("stream_options", b'{"include_usage":true}')
        return
    try:
        options = JsonEdit(JsonObject(raw))
    except InvalidRequest as error:
        msg = 'The field "stream_options" is not an object.'
        raise InvalidRequest(msg, code="invalid_type", param="stream_options") from error
    options.set("include_usage", b"true")
    edit.set("stream_options", options.render())


def read_answer(body: bytes, read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of a whole answer.

    Raises:
        ValueError: not JSON, or neither an answer nor an error.
    """
    answer = _decode(body, read_usage)
    if answer.choices is None and answer.error is None:
        msg = "an answer without choices"
        raise ValueError(msg)
    return _facts(answer, read_usage)


def read_event(data: bytes, read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of one event's data; :data:`~penstock.core.endpoint.PLAIN_EVENT` for most.

    Raises:
        ValueError: not JSON, or not an object.
    """
    event = _decode(data, read_usage)
    if event.usage is None and event.error is None:
        for choice in event.choices or ():
            if choice.finish_reason is not None:
                break
        else:
            return PLAIN_EVENT
    return _facts(event, read_usage)


def read_opening(data: bytes, read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of a stream's first event.

    Raises:
        ValueError: not JSON, or neither a chunk of an answer nor an error.
    """
    event = _decode(data, read_usage)
    if event.choices is None and event.usage is None and event.error is None:
        msg = "a first event without choices"
        raise ValueError(msg)
    return read_event(data, read_usage)


def _decode(data: bytes, read_usage: UsageReader | None) -> _Answer | _OddAnswer:
    try:
        try:
            return _answer_decoder.decode(data) if read_usage is None else _odd_answer_decoder.decode(data)
        except msgspec.ValidationError:
            return _decode_loosely(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not JSON: {error}"
        raise ValueError(msg) from error


def _decode_loosely(data: bytes) -> _OddAnswer:
    """Read an answer that is JSON but has a member of another type than documented: that member is skipped."""
    decoded: object = msgspec.json.decode(data)
    if not isinstance(decoded, dict):
        msg = "not a JSON object"
        raise ValueError(msg)
    answer = _OddAnswer()
    choices, usage, model = decoded.get("choices"), decoded.get("usage"), decoded.get("model")
    if isinstance(choices, list):
        reasons = [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)]
        answer.choices = [_Choice(reason if isinstance(reason, str) else None) for reason in reasons]
    answer.usage = usage if isinstance(usage, dict) else None
    answer.model = model if isinstance(model, str) else None
    if decoded.get("error") is not None:
        answer.error = msgspec.Raw(msgspec.json.encode(decoded["error"]))
    return answer


def _facts(answer: _Answer | _OddAnswer, read_usage: UsageReader | None) -> AnswerFacts:
    choices, usage = answer.choices, answer.usage
    if usage is None:
        counts = UNREPORTED
    elif isinstance(usage, PlainUsage):
        counts = usage.read()
    else:
        counts = (read_usage or read_openai_usage)(usage)
    return AnswerFacts(
        counts,
        answer.model,
        tuple([choice.finish_reason for choice in choices or () if choice.finish_reason is not None]),
        None if answer.error is None else describe_error(msgspec.json.decode(answer.error)),
        usage is not None and choices == [],
    )

"""Anthropic messages and token counting, as far as a relay between two ends of this format must understand them.

Reads who is asked for (``model``) and whether the answer is a stream; and from answers and events the usage, the stop
reason, errors and the end (``message_stop``). Everything else stays bytes. The counts of a stream come twice:
``message_start`` has those of the input, ``message_delta`` later the whole of the output and, from newer servers, that
of the input again; :func:`merge_usage` puts them together. Translation is not done here.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/streaming and .../api/messages-count-tokens
(read 2026-11-23), checked against the types of the Python SDK 2.12.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from penstock.core.endpoint import PLAIN_EVENT, AnswerFacts, RequestFacts, UsageReader
from penstock.core.json_object import FLAG, TEXT, JsonObject
from penstock.core.usage import UNREPORTED, Usage, later_counts

T = TypeVar("T", bound=msgspec.Struct)

_DESCRIPTION_LIMIT_CHARS = 500
CLOSING_EVENT = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


ABSENT = msgspec.Raw(b"null")
"""What stands for a member that is not there; msgspec reads no ``Raw | None``."""


class _OutputDetails(msgspec.Struct):
    thinking_tokens: Count | None = None


class PlainUsage(msgspec.Struct):
    """The ``usage`` object; ``input_tokens`` is what was neither read from the cache nor written to it."""

    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    output_tokens: Count | None = None
    output_tokens_details: _OutputDetails | None = None

    def read(self) -> Usage:
        """Return the counts; of the input, the whole of it."""
        read, created = self.cache_read_input_tokens, self.cache_creation_input_tokens
        whole = None if self.input_tokens is None else self.input_tokens + (read or 0) + (created or 0)
        details = self.output_tokens_details
        return Usage(
            input_tokens=whole,
            cached_input_tokens=read,
            cache_creation_tokens=created,
            output_tokens=self.output_tokens,
            reasoning_tokens=None if details is None else details.thinking_tokens,
        )


class _Message(msgspec.Struct):
    """A whole answer, or what ``message_start`` has of it."""

    type: str | None = None
    content: msgspec.Raw = ABSENT
    model: str | None = None
    stop_reason: str | None = None
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


class _Delta(msgspec.Struct):
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    message: msgspec.Raw = ABSENT
    delta: _Delta | None = None
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


class _Count(msgspec.Struct):
    input_tokens: Count


_message_decoder = msgspec.json.Decoder(_Message)
_event_decoder = msgspec.json.Decoder(_Event)
_count_decoder = msgspec.json.Decoder(_Count)
_usage_decoder = msgspec.json.Decoder(PlainUsage)
_members_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OF_BLOCKS = frozenset({"content_block_delta", "content_block_start", "content_block_stop"})
_SILENT = _OF_BLOCKS | {"ping"}
_WITHIN_MESSAGE = _OF_BLOCKS | {"message_delta", "message_stop"}


def read_request(body: JsonObject) -> RequestFacts:
    """Return what a relay must know of the request; a stream of this format carries its counts unasked.

    Raises:
        InvalidRequest: a field it needs has another type, or stands twice.
    """
    stream = body.read("stream", FLAG) or False
    return RequestFacts(model=body.read("model", TEXT), stream=stream, wants_usage_event=stream)


def read_count_request(body: JsonObject) -> RequestFacts:
    """Return what a relay must know of a request to count tokens, which has no stream.

    Raises:
        InvalidRequest: the model is no text, or stands twice.
    """
    return RequestFacts(model=body.read("model", TEXT), stream=False, wants_usage_event=False)


def read_answer(body: bytes, read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of a whole answer.

    Raises:
        ValueError: not JSON, or neither a message nor an error.
    """
    message = _decode(_message_decoder, body)
    facts = _facts_of(message, read_usage)
    if facts.error is None and not bytes(message.content).startswith(b"["):
        msg = "a message without content"
        raise ValueError(msg)
    return facts


def read_count(body: bytes, _read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of a count: what it counted is not used, so there is no usage.

    Raises:
        ValueError: not JSON, or not a count.
    """
    try:
        _count_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not a count of tokens: {error}"
        raise ValueError(msg) from error
    return PLAIN_EVENT


def read_event(data: bytes, read_usage: UsageReader | None) -> AnswerFacts:
    """Return the facts of one event's data; :data:`~penstock.core.endpoint.PLAIN_EVENT` for most.

    Raises:
        ValueError: not JSON, or not an object.
    """
    event = _decode(_event_decoder, data)
    kind = event.type
    if kind in _SILENT:
        return PLAIN_EVENT
    if kind == "message_delta":
        reason = event.delta and event.delta.stop_reason
        return AnswerFacts(_counts(event.usage, read_usage), finish_reasons=(reason,) if reason else ())
    if kind == "message_start":
        return _facts_of(_decode(_message_decoder, event.message), read_usage)
    if kind == "message_stop":
        return AnswerFacts(ends=True)
    if kind == "error" or event.error != ABSENT:
        return AnswerFacts(error=_describe(event.error), ends=True)
    return PLAIN_EVENT  # of a kind that is documented later: clients are told to ignore those


def read_opening(data: bytes, read_usage: UsageReader | None) -> AnswerFacts | None:
    """Return the facts of the event that begins a stream; None for a ping, and for kinds that clients are to ignore.

    Hosts put events of their own in front of the message (Google's ``vertex_event``).

    Raises:
        ValueError: not JSON, no event, or one that no stream begins with.
    """
    kind = _decode(_event_decoder, data).type
    facts = read_event(data, read_usage)
    if kind == "message_start" or facts.error is not None:
        return facts
    if not kind or kind in _WITHIN_MESSAGE:
        msg = "a stream that does not begin with message_start"
        raise ValueError(msg)
    return None


def merge_usage(earlier: Usage, later: Usage) -> Usage:
    """Return what a stream's earlier events and a later one report together.

    A later report of the input without its cached parts counts what was not cached, so the earlier parts are added.
    """
    merged = later_counts(earlier, later)
    if later.input_tokens is None:
        return merged
    read = 0 if later.cached_input_tokens is not None else earlier.cached_input_tokens or 0
    created = 0 if later.cache_creation_tokens is not None else earlier.cache_creation_tokens or 0
    return msgspec.structs.replace(merged, input_tokens=later.input_tokens + read + created)


def _facts_of(message: _Message, read_usage: UsageReader | None) -> AnswerFacts:
    return AnswerFacts(
        _counts(message.usage, read_usage),
        message.model,
        (message.stop_reason,) if message.stop_reason else (),
        _describe(message.error) if message.type == "error" or message.error != ABSENT else None,
    )


def _counts(usage: msgspec.Raw, read_usage: UsageReader | None) -> Usage:
    if not bytes(usage).startswith(b"{"):
        return UNREPORTED
    if read_usage is not None:
        return read_usage(msgspec.json.decode(usage))
    return _decode(_usage_decoder, usage).read()


def _describe(error: msgspec.Raw) -> str:
    """Return what an error says, in short and for the log."""
    decoded: object = msgspec.json.decode(error)
    text = decoded.get("message") or decoded.get("type") if isinstance(decoded, dict) else decoded
    return str(text)[:_DESCRIPTION_LIMIT_CHARS]


def _decode(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T:
    try:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError:
            return _decode_loosely(decoder.type, data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not a JSON object: {error}"
        raise ValueError(msg) from error


def _decode_loosely(kind: type[T], data: bytes | msgspec.Raw) -> T:
    """Read an object that has a member of another type than documented: that member is skipped."""
    members = _members_decoder.decode(data)
    read: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        try:
            read[field.name] = msgspec.json.decode(members[field.name], type=field.type)
        except (KeyError, msgspec.ValidationError):
            continue
    return kind(**read)

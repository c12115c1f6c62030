"""Answers as Anthropic writes them: a message, and the events of a stream.

Events begin with ``message_start``, have each block in ``content_block_start``, deltas and ``content_block_stop``, one
``ping`` after the first block begins, and end with ``message_delta`` and ``message_stop``. A block of thought ends with
its signature.

https://platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from penstock.simulator.answering import Answer, Call, FinishReason, Reply
from penstock.simulator.anthropic.blocks import redacted
from penstock.simulator.anthropic.dialect import event
from penstock.simulator.anthropic.request import Display
from penstock.simulator.prompt_cache import CacheCounts
from penstock.simulator.thinking import sign

STOP_REASONS: Mapping[FinishReason, str] = MappingProxyType(
    {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
)
REDACTED_TRIGGER = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
"""Anthropic's own way to ask for a thought that is not shown, in the prompt."""
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is said of an answer besides its content."""

    id: str
    model: str
    cache: CacheCounts
    display: Display
    redacts: bool
    """The thought is not to be shown."""


def call_id(call: Call) -> str:
    """Return a call's id as Anthropic's look."""
    return f"toolu_{call.id.removeprefix('call_')}"


def message_body(answer: Answer, stamp: Stamp) -> bytes:
    """Return a whole message."""
    reply = answer.replies[0]
    return _encode(
        {
            **_message(stamp, _content(reply, stamp)),
            "stop_reason": _stop_reason(reply),
            "stop_sequence": reply.stopped_at,
            "usage": {**_usage(answer, stamp), "output_tokens": answer.completion_tokens(), "service_tier": "standard"},
        }
    )


def _message(stamp: Stamp, content: list[dict[str, object]]) -> dict[str, object]:
    return {"id": f"msg_{stamp.id[:24]}", "type": "message", "role": "assistant", "model": stamp.model} | {
        "content": content
    }


def _stop_reason(reply: Reply) -> str:
    return "stop_sequence" if reply.stopped_at is not None else STOP_REASONS[reply.finish]


def _content(reply: Reply, stamp: Stamp) -> list[dict[str, object]]:
    content = list(_thought(reply, stamp))
    if reply.pieces:
        content.append({"type": "text", "text": reply.text})
    content += (
        {"type": "tool_use", "id": call_id(call), "name": call.name, "input": call.values or {}} for call in reply.calls
    )
    return content


def _thought(reply: Reply, stamp: Stamp) -> Iterator[dict[str, object]]:
    thought = "".join(reply.thought)
    if not thought:
        return
    if stamp.redacts:
        yield {"type": "redacted_thinking", "data": redacted(thought)}
        return
    shown = "" if stamp.display == "omitted" else thought
    yield {"type": "thinking", "thinking": shown, "signature": sign("thinking", shown)}


def _usage(answer: Answer, stamp: Stamp) -> dict[str, object]:
    cache = stamp.cache
    return {
        "input_tokens": max(0, answer.prompt_tokens - cache.read - cache.created),
        "cache_creation_input_tokens": cache.created,
        "cache_read_input_tokens": cache.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": cache.created - cache.created_for_an_hour,
            "ephemeral_1h_input_tokens": cache.created_for_an_hour,
        },
    }


# --- streams


def message_events(answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """Yield the events of a streamed message."""
    reply = answer.replies[0]
    counts = _usage(answer, stamp)
    start = _message(stamp, []) | {"stop_reason": None, "stop_sequence": None, "usage": {**counts, "output_tokens": 1}}
    yield event("message_start", _encode({"type": "message_start", "message": start}))
    for index, (begun, deltas) in enumerate(_blocks(reply, stamp)):
        head = {"type": "content_block_start", "index": index, "content_block": begun}
        yield event("content_block_start", _encode(head))
        if index == 0:
            yield event("ping", b'{"type":"ping"}')
        for delta in deltas:
            yield event("content_block_delta", b'{"type":"content_block_delta","index":%d,"delta":%b}' % (index, delta))
        yield event("content_block_stop", b'{"type":"content_block_stop","index":%d}' % index)
    counts.pop("cache_creation")
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": _stop_reason(reply), "stop_sequence": reply.stopped_at},
        "usage": {**counts, "output_tokens": answer.completion_tokens()},
    }
    yield event("message_delta", _encode(end))
    yield event("message_stop", b'{"type":"message_stop"}')


def _blocks(reply: Reply, stamp: Stamp) -> Iterator[tuple[dict[str, object], Iterator[bytes]]]:
    """Yield each block as it begins, with the deltas that follow."""
    for thought in _thought(reply, stamp):
        if thought["type"] == "redacted_thinking":
            yield thought, iter(())
        else:
            yield {"type": "thinking", "thinking": "", "signature": ""}, _thought_deltas(reply, stamp)
    if reply.pieces:
        deltas = (b'{"type":"text_delta","text":%b}' % _encode(piece) for piece in reply.pieces)
        yield {"type": "text", "text": ""}, deltas
    for call in reply.calls:
        yield {"type": "tool_use", "id": call_id(call), "name": call.name, "input": {}}, _call_deltas(call)


def _thought_deltas(reply: Reply, stamp: Stamp) -> Iterator[bytes]:
    shown = () if stamp.display == "omitted" else reply.thought
    for piece in shown:
        yield b'{"type":"thinking_delta","thinking":%b}' % _encode(piece)
    yield b'{"type":"signature_delta","signature":%b}' % _encode(sign("thinking", "".join(shown)))


def _call_deltas(call: Call) -> Iterator[bytes]:
    yield b'{"type":"input_json_delta","partial_json":""}'
    if call.arguments == "{}":  # a call without arguments brings no fragment but the empty one
        return
    for piece in call.pieces:
        yield b'{"type":"input_json_delta","partial_json":%b}' % _encode(piece)

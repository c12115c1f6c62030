"""Answers as Cohere's API v2 writes them: a message, and the events of a stream.

A thought and a text are blocks with an index each; before calls of tools there is a plan, which is a member of its own.

https://docs.cohere.com/reference/chat and https://docs.cohere.com/docs/streaming (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from penstock.simulator import tokens
from penstock.simulator.answering import Answer, Call, FinishReason, Reply
from penstock.simulator.cohere_v2.dialect import event

FINISH_REASONS: Mapping[FinishReason, str] = MappingProxyType(
    {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "content_filter": "ERROR"}
)


def chat_body(answer: Answer, id_: str) -> bytes:
    """Return a whole answer."""
    reply = answer.replies[0]
    message: dict[str, object] = {"role": "assistant"}
    content = [{"type": kind, kind: "".join(pieces)} for kind, pieces in _blocks(reply)]
    if content:
        message["content"] = content
    if reply.calls:
        message["tool_plan"] = "".join(_plan(reply))
        message["tool_calls"] = [{**_begun(call), "function": _function(call, call.arguments)} for call in reply.calls]
    return msgspec.json.encode(
        {"id": id_, "message": message, "finish_reason": _finish_reason(reply), "usage": _usage(answer)}
    )


def chat_events(answer: Answer, id_: str) -> Iterator[bytes]:
    """Yield the events of a stream."""
    reply = answer.replies[0]
    started: dict[str, object] = {
        "role": "assistant",
        "content": [],
        "tool_plan": "",
        "tool_calls": [],
        "citations": [],
    }
    yield event({"id": id_, "type": "message-start", "delta": {"message": started}})
    for index, (kind, pieces) in enumerate(_blocks(reply)):
        yield _event("content-start", index, content={"type": kind, kind: ""})
        for piece in pieces:
            yield _event("content-delta", index, content={kind: piece})
        yield event({"type": "content-end", "index": index})
    for piece in _plan(reply):
        yield event({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}})
    for index, call in enumerate(reply.calls):
        yield _event("tool-call-start", index, tool_calls={**_begun(call), "function": _function(call, "")})
        for piece in call.pieces:
            yield _event("tool-call-delta", index, tool_calls={"function": {"arguments": piece}})
        yield event({"type": "tool-call-end", "index": index})
    ended = {"finish_reason": _finish_reason(reply), "usage": _usage(answer)}
    yield event({"id": id_, "type": "message-end", "delta": ended})


def _event(kind: str, index: int, **message: object) -> bytes:
    return event({"type": kind, "index": index, "delta": {"message": message}})


def _blocks(reply: Reply) -> Iterator[tuple[str, tuple[str, ...]]]:
    if reply.thought:
        yield "thinking", reply.thought
    if reply.pieces:
        yield "text", reply.pieces


def _plan(reply: Reply) -> tuple[str, ...]:
    if not reply.calls:
        return ()
    return tokens.split(f"I will call {', '.join(call.name for call in reply.calls)} (simulated).")


def _begun(call: Call) -> dict[str, object]:
    return {"id": f"{call.name}_{call.id.removeprefix('call_')[:12]}", "type": "function"}


def _function(call: Call, arguments: str) -> dict[str, object]:
    return {"name": call.name, "arguments": arguments}


def _finish_reason(reply: Reply) -> str:
    return "STOP_SEQUENCE" if reply.stopped_at is not None else FINISH_REASONS[reply.finish]


def _usage(answer: Answer) -> dict[str, object]:
    used = answer.completion_tokens() + sum(len(_plan(reply)) for reply in answer.replies)
    counted = {"input_tokens": answer.prompt_tokens, "output_tokens": used}
    return {"billed_units": counted, "tokens": counted, "cached_tokens": 0}

"""Answers as Gemini writes them: a ``GenerateContentResponse``, whole or piece by piece.

Each event of a stream is a whole response with a piece of the parts; the last one says why the answer ended. What was
thought is counted apart from the answer, and shown only when it is asked for. A function is called in one piece.

https://ai.google.dev/api/generate-content and https://ai.google.dev/gemini-api/docs/thought-signatures
(read 2026-11-23).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

import msgspec

from penstock.simulator.answering import Answer, FinishReason, Reply
from penstock.simulator.gemini.contents import signed_call
from penstock.simulator.thinking import sign

FINISH_REASONS: Mapping[FinishReason, str] = MappingProxyType(
    {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
)
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is said of an answer besides its content."""

    id: str
    model: str
    shows_thoughts: bool
    signs: bool
    """Calls carry signatures."""
    ids_of_calls: bool
    """Calls carry ids."""


def response_body(answer: Answer, stamp: Stamp) -> bytes:
    """Return a whole response."""
    candidates = [_candidate(number, _parts(reply, stamp), reply) for number, reply in enumerate(answer.replies)]
    return _encode({"candidates": candidates, "usageMetadata": _usage(answer), **_ends(stamp)})


def response_events(answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """Yield the events of a stream."""
    ends = _ends(stamp)
    counts: dict[str, object] = {"promptTokenCount": answer.prompt_tokens, "totalTokenCount": answer.prompt_tokens}
    for number, reply in enumerate(answer.replies):
        for part in _pieces(reply, stamp):
            yield _event({"candidates": [_candidate(number, [part])], "usageMetadata": counts, **ends})
    for number, reply in enumerate(answer.replies):
        last = number == len(answer.replies) - 1
        usage = _usage(answer) if last else counts
        yield _event({"candidates": [_candidate(number, [], reply)], "usageMetadata": usage, **ends})


def _event(members: dict[str, object]) -> bytes:
    return b"data: %b\r\n\r\n" % _encode(members)


def _ends(stamp: Stamp) -> dict[str, object]:
    return {"modelVersion": stamp.model, "responseId": stamp.id[:22]}


def _candidate(number: int, parts: list[dict[str, object]], ended: Reply | None = None) -> dict[str, object]:
    content: dict[str, object] = {"role": "model"} if not parts else {"parts": parts, "role": "model"}
    candidate: dict[str, object] = {"content": content, "index": number}
    if ended is not None:
        candidate["finishReason"] = FINISH_REASONS[ended.finish]
        if ended.finish == "content_filter":
            rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
            candidate["safetyRatings"] = [rating]
    return candidate


def _parts(reply: Reply, stamp: Stamp) -> list[dict[str, object]]:
    parts = [{"text": "".join(reply.thought), "thought": True}] if reply.thought and stamp.shows_thoughts else []
    text: list[dict[str, object]] = [{"text": reply.text}] if reply.pieces else []
    return [*parts, *text, *_calls(reply, stamp)]


def _pieces(reply: Reply, stamp: Stamp) -> Iterator[dict[str, object]]:
    thought = reply.thought if stamp.shows_thoughts else ()
    return chain(
        ({"text": piece, "thought": True} for piece in thought),
        ({"text": piece} for piece in reply.pieces),
        _calls(reply, stamp),
    )


def _calls(reply: Reply, stamp: Stamp) -> Iterator[dict[str, object]]:
    """Yield the calls, the first one signed; one whose arguments were cut is not made."""
    for place, call in enumerate(reply.calls):
        args = call.values
        if args is None:
            return
        made: dict[str, object] = {"id": call.id.removeprefix("call_")[:8]} if stamp.ids_of_calls else {}
        part: dict[str, object] = {"functionCall": made | {"name": call.name, "args": args}}
        if stamp.signs and place == 0:
            signature = sign("call", signed_call(call.name, args))
            part["thoughtSignature"] = b64encode(signature.encode()).decode()
        yield part


def _usage(answer: Answer) -> dict[str, object]:
    thought = sum(len(reply.thought) for reply in answer.replies)
    used = answer.completion_tokens() - thought
    usage: dict[str, object] = {
        "promptTokenCount": answer.prompt_tokens,
        "candidatesTokenCount": used,
        "totalTokenCount": answer.prompt_tokens + used + thought,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": answer.prompt_tokens}],
    }
    return usage | {"thoughtsTokenCount": thought} if thought else usage

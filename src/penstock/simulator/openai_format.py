"""Answers as OpenAI writes them: bodies, and the events of streams.

Everything that varies from event to event is one small JSON value between two fixed byte strings, so that a stream
costs next to nothing per event; events are made when they are asked for, not before. What is answered, and when events
are sent, is decided elsewhere. Every answer is marked by its ``system_fingerprint``.

https://developers.openai.com/api/reference/resources/chat, /completions, /embeddings, /models (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

import msgspec

from penstock.simulator import tokens
from penstock.simulator.answering import Answer, Call, Reply, probability
from penstock.simulator.openai_chat_request import StreamOptions, UsagePlace
from penstock.simulator.openai_text_requests import EmbeddingRequest
from penstock.simulator.vectors import as_base64, unit_vector

DONE = b"data: [DONE]\n\n"
_OBFUSCATION = b"aQ7xZk2mVt9Lw4Rb"
_encode = msgspec.json.encode
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every part of one answer carries."""

    id: str
    created: int
    """Unix seconds."""
    model: str
    fingerprint: str


def usage_of(prompt_tokens: int, completion_tokens: int) -> dict[str, object]:
    """Return the usage object."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


# --- chat


def chat_body(answer: Answer, stamp: Stamp, top_logprobs: int | None) -> bytes:
    """Return a whole chat completion."""
    choices = [
        {
            "index": number,
            "message": _message(reply),
            "logprobs": _chat_logprobs(reply.pieces, 0, top_logprobs),
            "finish_reason": reply.finish,
        }
        for number, reply in enumerate(answer.replies)
    ]
    return _encode(
        {
            **_stamped(stamp, "chat.completion"),
            "choices": choices,
            "usage": usage_of(answer.prompt_tokens, answer.completion_tokens()),
            "service_tier": "default",
        }
    )


def _message(reply: Reply) -> dict[str, object]:
    message: dict[str, object] = {
        "role": "assistant",
        "content": reply.text if reply.pieces or not reply.calls else None,
    }
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.calls
        ]
    return {**message, "refusal": None, "annotations": []}


def _has_text(reply: Reply) -> bool:
    return bool(reply.pieces) or not reply.calls


def chat_events(answer: Answer, stamp: Stamp, options: StreamOptions, top_logprobs: int | None) -> Iterator[bytes]:
    """Yield the events of a streamed chat completion, ``[DONE]`` included."""
    head = _chunk_head({**_stamped(stamp, "chat.completion.chunk"), "service_tier": "default"})
    usage = _UsageMember(options.usage, answer.prompt_tokens, answer.completion_tokens())
    deltas = [_deltas(number, reply, top_logprobs) for number, reply in enumerate(answer.replies)]
    for (choice, chars), is_last in _in_turn(deltas):
        padding = b""
        if options.include_obfuscation:
            padding = b',"obfuscation":"%b"' % _OBFUSCATION[chars % len(_OBFUSCATION) :]
        yield b'%b"choices":[%b]%b%b}\n\n' % (head, choice, usage.of_choice(is_last=is_last), padding)
    yield from usage.own_events(head)
    yield DONE


def _stamped(stamp: Stamp, kind: str) -> dict[str, object]:
    return {
        "id": stamp.id,
        "object": kind,
        "created": stamp.created,
        "model": stamp.model,
        "system_fingerprint": stamp.fingerprint,
    }


def _chunk_head(members: dict[str, object]) -> bytes:
    return b"data: %b," % _encode(members)[:-1]


def _in_turn(streams: Sequence[Iterator[T]]) -> Iterator[tuple[T, bool]]:
    """Yield one item of each stream in turn until all are at their end, and whether it is the last of all."""
    before: T | None = None
    for row in zip_longest(*streams):
        for item in row:
            if item is None:
                continue
            if before is not None:
                yield before, False
            before = item
    if before is not None:
        yield before, True


class _UsageMember:
    """The ``usage`` of a stream's events: null until it is told, told where it was asked for."""

    def __init__(self, place: UsagePlace, prompt_tokens: int, completion_tokens: int) -> None:
        self.place = place
        self.counts = _encode(usage_of(prompt_tokens, completion_tokens))

    def of_choice(self, *, is_last: bool) -> bytes:
        """Return the member of an event with a choice."""
        if self.place == "own_event":
            return b',"usage":null'
        return b',"usage":%b' % self.counts if is_last and self.place == "last_choice" else b""

    def own_events(self, head: bytes) -> Iterator[bytes]:
        """Yield the event that has the counts and no choice, if there is to be one."""
        if self.place == "own_event":
            yield b'%b"choices":[],"usage":%b}\n\n' % (head, self.counts)


def _deltas(number: int, reply: Reply, top_logprobs: int | None) -> Iterator[tuple[bytes, int]]:
    """Yield a reply's choice objects, each with the number of characters it brings."""
    start = b'{"index":%d,"delta":' % number
    end = b',"logprobs":null,"finish_reason":null}'
    role = b'{"role":"assistant","content":%b,"refusal":null}' % (
        b"null" if reply.calls and not reply.pieces else b'""'
    )
    yield start + role + end, 0
    for place, piece in enumerate(reply.pieces):
        likely = end
        if top_logprobs is not None:
            likely = b',"logprobs":%b,"finish_reason":null}' % _encode(_chat_logprobs((piece,), place, top_logprobs))
        yield b'%b{"content":%b}%b' % (start, _encode(piece), likely), len(piece)
    for place, call in enumerate(reply.calls):
        for delta, chars in _call_deltas(place, call):
            yield start + delta + end, chars
    yield b'%b{},"logprobs":null,"finish_reason":"%b"}' % (start, reply.finish.encode()), 0


def _call_deltas(place: int, call: Call) -> Iterator[tuple[bytes, int]]:
    begun = {"index": place, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    yield b'{"tool_calls":[%b]}' % _encode(begun), len(call.name)
    for piece in call.pieces:
        yield b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (place, _encode(piece)), len(piece)


def _chat_logprobs(pieces: Sequence[str], first_place: int, top: int | None) -> dict[str, object] | None:
    if top is None:
        return None
    content = []
    for place, piece in enumerate(pieces, first_place):
        likely = [
            {"token": token, "logprob": value, "bytes": list(token.encode())}
            for token, value in _likely(piece, place, top)
        ]
        own = {"token": piece, "logprob": probability(piece, place), "bytes": list(piece.encode())}
        content.append({**own, "top_logprobs": likely})
    return {"content": content, "refusal": None}


def _likely(piece: str, place: int, top: int) -> list[tuple[str, float]]:
    """Return the token itself and invented alternatives, each less likely than the one before."""
    own = probability(piece, place)
    return [(piece if rank == 0 else f"{piece}~{rank}", round(own - rank, 6)) for rank in range(top)]


# --- completions


@dataclass(frozen=True, slots=True)
class Continuation:
    """How one prompt goes on. ``echoed`` is the prompt itself, if it is to be repeated."""

    reply: Reply
    echoed: str
    offset: int
    """Characters of the prompt, where the text's offsets begin."""


def completion_body(found: Sequence[Continuation], stamp: Stamp, prompt_tokens: int, logprobs: int | None) -> bytes:
    """Return a whole text completion."""
    choices = [
        {
            "text": one.echoed + one.reply.text,
            "index": number,
            "logprobs": _text_logprobs(_all_pieces(one), one.offset - len(one.echoed), logprobs),
            "finish_reason": one.reply.finish,
        }
        for number, one in enumerate(found)
    ]
    return _encode(
        {
            **_stamped(stamp, "text_completion"),
            "choices": choices,
            "usage": usage_of(prompt_tokens, _completion_tokens(found)),
        }
    )


def completion_events(
    found: Sequence[Continuation], stamp: Stamp, options: StreamOptions, prompt_tokens: int, logprobs: int | None
) -> Iterator[bytes]:
    """Yield the events of a streamed text completion, ``[DONE]`` included."""
    head = _chunk_head(_stamped(stamp, "text_completion"))
    usage = _UsageMember(options.usage, prompt_tokens, _completion_tokens(found))
    for choice, is_last in _in_turn([_text_choices(number, one, logprobs) for number, one in enumerate(found)]):
        yield b'%b"choices":[%b]%b}\n\n' % (head, choice, usage.of_choice(is_last=is_last))
    yield from usage.own_events(head)
    yield DONE


def _text_choices(number: int, one: Continuation, logprobs: int | None) -> Iterator[bytes]:
    offset = one.offset - len(one.echoed)
    for piece in _all_pieces(one):
        chances = _encode(_text_logprobs((piece,), offset, logprobs))
        yield b'{"text":%b,"index":%d,"logprobs":%b,"finish_reason":null}' % (_encode(piece), number, chances)
        offset += len(piece)
    yield b'{"text":"","index":%d,"logprobs":null,"finish_reason":"%b"}' % (number, one.reply.finish.encode())


def _all_pieces(one: Continuation) -> tuple[str, ...]:
    return tokens.split(one.echoed) + one.reply.pieces if one.echoed else one.reply.pieces


def _completion_tokens(found: Iterable[Continuation]) -> int:
    return sum(one.reply.tokens() for one in found)


def _text_logprobs(pieces: Sequence[str], offset: int, top: int | None) -> dict[str, object] | None:
    if top is None:
        return None
    offsets = []
    for piece in pieces:
        offsets.append(offset)
        offset += len(piece)
    return {
        "tokens": list(pieces),
        "token_logprobs": [probability(piece, at) for piece, at in zip(pieces, offsets, strict=True)],
        "top_logprobs": [dict(_likely(piece, at, top)) for piece, at in zip(pieces, offsets, strict=True)],
        "text_offset": offsets,
    }


# --- embeddings and models


def embedding_body(request: EmbeddingRequest) -> bytes:
    """Return the vectors of all inputs."""
    vectors = [unit_vector(request.dimensions, request.model, one.identity()) for one in request.inputs]
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": as_base64(vector) if request.encoding == "base64" else vector.tolist(),
        }
        for index, vector in enumerate(vectors)
    ]
    counted = sum(one.tokens() for one in request.inputs)
    usage = {"prompt_tokens": counted, "total_tokens": counted}
    return _encode({"object": "list", "data": data, "model": request.model, "usage": usage})


def model_members(model: str, created: int, owned_by: str) -> dict[str, object]:
    """Return the object that describes one model."""
    return {"id": model, "object": "model", "created": created, "owned_by": owned_by}


def model_list_body(models: Iterable[dict[str, object]]) -> bytes:
    """Return a list of models."""
    return _encode({"object": "list", "data": list(models)})

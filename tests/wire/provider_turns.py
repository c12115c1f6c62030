"""What a model says in one turn, made up, and how each provider writes it: as a whole answer, and as the events of one.

The writers know nothing of the translation: they follow the vendors' references (platform.claude.com/docs/en/api,
docs.aws.amazon.com/bedrock/latest/APIReference, ai.google.dev/api/generate-content, docs.cohere.com/reference/chat,
developers.openai.com/api/reference/resources/chat; read 2026-11-23).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from hypothesis import strategies as st

from penstock.core.chat_format import FormatId
from tests.wire.chat_requests import arguments, base64_texts, ids, texts

Json = dict[str, Any]
Events = Iterator[tuple[str, Json]]


class Call(NamedTuple):
    """A call of a tool; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str
    signature: str | None = None


class Counts(NamedTuple):
    """Tokens: read afresh, from the cache, into the cache, written, and thought (which is part of what is written)."""

    fresh: int
    cached: int | None
    created: int | None
    written: int
    thought: int | None


class Turn(NamedTuple):
    """What a model says: thinking with its signature, a text, calls, and why it stops."""

    thoughts: list[tuple[str, str | None]]
    text: str
    text_signature: str | None
    calls: list[Call]
    stop: Literal["stop", "length", "calls"]
    counts: Counts


class Habits(NamedTuple):
    """What of a turn a provider has."""

    signs: Literal["thinking", "parts", ""] = ""
    cached: bool = True
    created: bool = False
    thought: bool = False


HABITS: Mapping[FormatId, Habits] = {
    "openai_chat": Habits(thought=True),
    "anthropic_messages": Habits("thinking", created=True, thought=True),
    "bedrock_converse": Habits("thinking", created=True),
    "gemini_generate": Habits("parts", thought=True),
    "cohere_chat": Habits(),
}
STOPS: Mapping[FormatId, Mapping[str, str]] = {
    "openai_chat": {"stop": "stop", "length": "length", "calls": "tool_calls"},
    "anthropic_messages": {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use"},
    "bedrock_converse": {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use"},
    "gemini_generate": {"stop": "STOP", "length": "MAX_TOKENS", "calls": "STOP"},
    "cohere_chat": {"stop": "COMPLETE", "length": "MAX_TOKENS", "calls": "TOOL_CALL"},
}


@st.composite
def turns(draw: st.DrawFn, by: FormatId) -> Turn:
    """Make a turn that this provider could give."""
    habits = HABITS[by]
    thought = draw(st.lists(texts, max_size=1))
    thoughts = [(text, draw(base64_texts) if habits.signs == "thinking" else None) for text in thought]
    named = st.sampled_from(["get_weather", "now"])
    called = draw(
        st.lists(st.builds(Call, ids, named, arguments, st.none()), max_size=3, unique_by=lambda call: call.id)
    )
    text = draw(st.just("") | texts) if called else draw(texts)
    if habits.signs == "parts" and called:  # Gemini signs the first call of a turn, or the text at its end
        called[0] = called[0]._replace(signature=draw(base64_texts))
    signature = draw(st.none() | base64_texts) if habits.signs == "parts" and not called else None
    stop: Literal["stop", "length", "calls"] = "calls" if called else draw(st.sampled_from(["stop", "length"]))
    return Turn(thoughts, text, signature, called, stop, draw(_counts(habits)))


@st.composite
def _counts(draw: st.DrawFn, habits: Habits) -> Counts:
    some = st.none() | st.integers(0, 10**6)
    cached = draw(some) if habits.cached else None
    thought = draw(some) if habits.thought else None
    written = draw(st.integers(0, 10**6)) + (thought or 0)
    return Counts(draw(st.integers(0, 10**6)), cached, draw(some) if habits.created else None, written, thought)


def halves(text: str) -> list[str]:
    """Return a text as it may come in a stream."""
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]


def some_of(**members: object) -> Json:
    """Return the members that are said."""
    return {name: value for name, value in members.items() if value is not None}


# --- OpenAI


def _openai_usage(counts: Counts) -> Json:
    into = counts.fresh + (counts.cached or 0)
    usage: Json = {"prompt_tokens": into, "completion_tokens": counts.written, "total_tokens": into + counts.written}
    if counts.cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": counts.cached}
    if counts.thought is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": counts.thought}
    return usage


def _openai_call(call: Call, index: int | None = None) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return some_of(index=index, id=call.id, type="function", function=function)


def openai_answer(turn: Turn) -> Json:
    message: Json = {"role": "assistant", "content": turn.text or None}
    if turn.thoughts:
        message["reasoning_content"] = turn.thoughts[0][0]
    if turn.calls:
        message["tool_calls"] = [_openai_call(call) for call in turn.calls]
    choice = {"index": 0, "message": message, "finish_reason": STOPS["openai_chat"][turn.stop]}
    head = {"id": "a-1", "object": "chat.completion", "created": 7, "model": "m"}
    return {**head, "choices": [choice], "usage": _openai_usage(turn.counts)}


def openai_events(turn: Turn) -> Events:
    head = {"id": "a-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, Json]:
        return "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for text, _ in turn.thoughts:
        yield from (chunk({"reasoning_content": piece}) for piece in halves(text))
    yield from (chunk({"content": piece}) for piece in halves(turn.text))
    for index, call in enumerate(turn.calls):
        yield chunk({"tool_calls": [_openai_call(call._replace(arguments=""), index)]})
    for pieces in zip(*(halves(call.arguments) for call in turn.calls), strict=True):  # calls may come side by side
        for index, piece in enumerate(pieces):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, STOPS["openai_chat"][turn.stop])
    yield "", {**head, "choices": [], "usage": _openai_usage(turn.counts)}
    yield "", {}  # stands for [DONE]


# --- Anthropic


def _anthropic_usage(counts: Counts) -> Json:
    details = None if counts.thought is None else {"thinking_tokens": counts.thought}
    return some_of(
        input_tokens=counts.fresh,
        cache_read_input_tokens=counts.cached,
        cache_creation_input_tokens=counts.created,
        output_tokens=counts.written,
        output_tokens_details=details,
    )


def anthropic_blocks(turn: Turn) -> list[Json]:
    blocks: list[Json] = [{"type": "thinking", "thinking": text, "signature": sign} for text, sign in turn.thoughts]
    if turn.text:
        blocks.append({"type": "text", "text": turn.text})
    return blocks + [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        for call in turn.calls
    ]


_ANTHROPIC_HEAD: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}


def anthropic_answer(turn: Turn) -> Json:
    stop = {"stop_reason": STOPS["anthropic_messages"][turn.stop], "stop_sequence": None}
    return {**_ANTHROPIC_HEAD, "content": anthropic_blocks(turn), **stop, "usage": _anthropic_usage(turn.counts)}


def anthropic_events(turn: Turn) -> Events:
    begun = {**_ANTHROPIC_HEAD, "content": [], "stop_reason": None, "stop_sequence": None}
    usage = _anthropic_usage(turn.counts)
    yield _typed("message_start", message={**begun, "usage": {**usage, "output_tokens": 1}})
    for index, block in enumerate(anthropic_blocks(turn)):
        start: Json
        match block["type"]:
            case "thinking":
                start = {"type": "thinking", "thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in halves(block["thinking"])]
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
            case "text":
                start = {"type": "text", "text": ""}
                deltas = [{"type": "text_delta", "text": piece} for piece in halves(block["text"])]
            case _:
                start = {**block, "input": {}}
                text = json.dumps(block["input"]) if block["input"] else ""
                deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *halves(text)]]
        yield _typed("content_block_start", index=index, content_block=start)
        yield from (_typed("content_block_delta", index=index, delta=delta) for delta in deltas)
        yield _typed("content_block_stop", index=index)
    stop = {"stop_reason": STOPS["anthropic_messages"][turn.stop], "stop_sequence": None}
    yield _typed("message_delta", delta=stop, usage=usage)
    yield _typed("message_stop")


def _typed(kind: str, **members: object) -> tuple[str, Json]:
    return kind, {"type": kind, **members}


# --- Bedrock


def _bedrock_usage(counts: Counts) -> Json:
    total = counts.fresh + (counts.cached or 0) + (counts.created or 0) + counts.written
    return some_of(
        inputTokens=counts.fresh,
        outputTokens=counts.written,
        totalTokens=total,
        cacheReadInputTokens=counts.cached,
        cacheWriteInputTokens=counts.created,
    )


def bedrock_answer(turn: Turn) -> Json:
    content: list[Json] = [
        {"reasoningContent": {"reasoningText": {"text": text, "signature": sign}}} for text, sign in turn.thoughts
    ]
    if turn.text:
        content.append({"text": turn.text})
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": json.loads(call.arguments)}}
        for call in turn.calls
    ]
    message = {"role": "assistant", "content": content}
    stop = STOPS["bedrock_converse"][turn.stop]
    return {"output": {"message": message}, "stopReason": stop, "usage": _bedrock_usage(turn.counts)}


def bedrock_events(turn: Turn) -> Events:
    yield "messageStart", {"role": "assistant"}
    blocks: list[list[Json]] = [
        [*({"reasoningContent": {"text": piece}} for piece in halves(text)), {"reasoningContent": {"signature": sign}}]
        for text, sign in turn.thoughts
    ]
    if turn.text:
        blocks.append([{"text": piece} for piece in halves(turn.text)])
    for index, deltas in enumerate(blocks):
        yield from (("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas)
        yield "contentBlockStop", {"contentBlockIndex": index}
    for index, call in enumerate(turn.calls, len(blocks)):
        started = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        yield "contentBlockStart", {"contentBlockIndex": index, "start": started}
        for piece in halves(call.arguments):
            yield "contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": piece}}}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": STOPS["bedrock_converse"][turn.stop]}
    yield "metadata", {"usage": _bedrock_usage(turn.counts), "metrics": {"latencyMs": 1}}


# --- Gemini


def _gemini_usage(counts: Counts) -> Json:
    into = counts.fresh + (counts.cached or 0)
    return some_of(
        promptTokenCount=into,
        cachedContentTokenCount=counts.cached,
        candidatesTokenCount=counts.written - (counts.thought or 0),
        thoughtsTokenCount=counts.thought,
        totalTokenCount=into + counts.written,
    )


def gemini_call(call: Call) -> Json:
    found = {"name": call.name, "args": json.loads(call.arguments), "id": call.id}
    return some_of(functionCall=found, thoughtSignature=call.signature)


def _gemini_body(parts: list[Json], turn: Turn, *, last: bool) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    body: Json = {"candidates": [candidate], "modelVersion": "m", "responseId": "a-1"}
    if last:
        candidate["finishReason"] = STOPS["gemini_generate"][turn.stop]
        body["usageMetadata"] = _gemini_usage(turn.counts)
    return body


def gemini_answer(turn: Turn) -> Json:
    parts: list[Json] = [{"text": text, "thought": True} for text, _ in turn.thoughts]
    if turn.text:
        parts.append(some_of(text=turn.text, thoughtSignature=turn.text_signature))
    return _gemini_body([*parts, *map(gemini_call, turn.calls)], turn, last=True)


def gemini_events(turn: Turn) -> Events:
    pieces: list[Json] = [{"text": piece, "thought": True} for text, _ in turn.thoughts for piece in halves(text)]
    pieces += [{"text": piece} for piece in halves(turn.text)]
    for part in [*pieces, *map(gemini_call, turn.calls)]:
        yield "", _gemini_body([part], turn, last=False)
    yield "", _gemini_body([some_of(text="", thoughtSignature=turn.text_signature)], turn, last=True)


# --- Cohere


def _cohere_usage(counts: Counts) -> Json:
    tokens = {"input_tokens": counts.fresh + (counts.cached or 0), "output_tokens": counts.written}
    return some_of(tokens=tokens, billed_units={"input_tokens": 1, "output_tokens": 1}, cached_tokens=counts.cached)


def _cohere_call(call: Call) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _cohere_content(turn: Turn) -> list[tuple[str, str]]:
    said = [("thinking", text) for text, _ in turn.thoughts]
    return said if turn.calls or not turn.text else [*said, ("text", turn.text)]


def cohere_answer(turn: Turn) -> Json:
    message: Json = {"role": "assistant"}
    message["content"] = [{"type": kind, kind: text} for kind, text in _cohere_content(turn)]
    if turn.calls:
        message |= {"tool_plan": turn.text, "tool_calls": list(map(_cohere_call, turn.calls))}
    stop = STOPS["cohere_chat"][turn.stop]
    return {"id": "a-1", "message": message, "finish_reason": stop, "usage": _cohere_usage(turn.counts)}


def cohere_events(turn: Turn) -> Events:
    def event(kind: str, message: Json, **members: object) -> tuple[str, Json]:
        return _typed(kind, **members, delta={"message": message})

    yield event("message-start", {"role": "assistant"}, id="a-1")
    for index, (kind, text) in enumerate(_cohere_content(turn)):
        yield event("content-start", {"content": {"type": kind, kind: ""}}, index=index)
        yield from (event("content-delta", {"content": {kind: piece}}, index=index) for piece in halves(text))
        yield _typed("content-end", index=index)
    if turn.calls:
        yield from (event("tool-plan-delta", {"tool_plan": piece}) for piece in halves(turn.text))
    for index, call in enumerate(turn.calls):
        yield event("tool-call-start", {"tool_calls": _cohere_call(call._replace(arguments=""))}, index=index)
        for piece in halves(call.arguments):
            yield event("tool-call-delta", {"tool_calls": {"function": {"arguments": piece}}}, index=index)
        yield _typed("tool-call-end", index=index)
    end = {"finish_reason": STOPS["cohere_chat"][turn.stop], "usage": _cohere_usage(turn.counts)}
    yield _typed("message-end", id="a-1", delta=end)


ANSWERS: Mapping[FormatId, Callable[[Turn], Json]] = {
    "openai_chat": openai_answer,
    "anthropic_messages": anthropic_answer,
    "bedrock_converse": bedrock_answer,
    "gemini_generate": gemini_answer,
    "cohere_chat": cohere_answer,
}
EVENTS: Mapping[FormatId, Callable[[Turn], Events]] = {
    "openai_chat": openai_events,
    "anthropic_messages": anthropic_events,
    "bedrock_converse": bedrock_events,
    "gemini_generate": gemini_events,
    "cohere_chat": cohere_events,
}

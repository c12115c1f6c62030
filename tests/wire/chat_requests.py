"""Made-up conversations: requests of OpenAI chat and neutral answers, for properties of the translation."""

from __future__ import annotations

import base64
import json

import msgspec
from hypothesis import strategies as st

from penstock.core.chat import Block, RedactedThinking, Refusal, Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatAnswer,
    ChatEvent,
    Choice,
    End,
    Finish,
    FinishReason,
    RefusalDelta,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    UsageReport,
)
from penstock.core.usage import Usage

JsonObject = dict[str, object]
PNG = "data:image/png;base64,iVBORw0KGgo="
REASONS: tuple[FinishReason, ...] = ("stop", "length", "content_filter")
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
NAMES = ("get_weather", "now", "send-mail")

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
ids = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
base64_texts = st.binary(min_size=3, max_size=12).map(lambda data: base64.b64encode(data).decode())
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
arguments = st.dictionaries(texts, leaves | st.lists(leaves, max_size=3), max_size=3).map(json.dumps)
schemas = st.just({"type": "object"}) | st.dictionaries(
    st.sampled_from(["a", "b"]), st.sampled_from([{"type": "string"}, {"type": "integer"}]), max_size=2
).map(lambda properties: {"type": "object", "properties": properties, "additionalProperties": False})

text_parts = texts.map(lambda text: {"type": "text", "text": text})
image_parts = st.sampled_from([PNG, "https://example.com/cat.png"]).map(
    lambda url: {"type": "image_url", "image_url": {"url": url}}
)
file_parts = st.just({"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}})
contents = texts | st.lists(text_parts, min_size=1, max_size=3)
user_contents = texts | st.lists(text_parts | image_parts | file_parts, min_size=1, max_size=4)


def _tool(name: str, schema: object) -> JsonObject:
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": schema}}


@st.composite
def tools(draw: st.DrawFn) -> list[JsonObject]:
    """Make functions, each with a name of its own."""
    return [_tool(name, draw(schemas)) for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))]


@st.composite
def rounds(draw: st.DrawFn) -> list[JsonObject]:
    """Make a user's turn, an assistant's turn with calls or without, and the results of its calls."""
    turn: JsonObject = {"role": "assistant"}
    called = draw(
        st.lists(st.tuples(ids, st.sampled_from(NAMES), arguments), max_size=3, unique_by=lambda call: call[0])
    )
    if called:
        turn["content"] = draw(st.none() | texts)
        turn["tool_calls"] = [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": text}} for id_, name, text in called
        ]
    else:
        turn["content"] = draw(contents)
    results: list[JsonObject] = [
        {"role": "tool", "tool_call_id": id_, "content": draw(contents)} for id_, _, _ in called
    ]
    return [{"role": "user", "content": draw(user_contents)}, turn, *results]


@st.composite
def openai_requests(draw: st.DrawFn) -> JsonObject:
    """Make a request that OpenAI documents, of members that several formats have."""
    heads = [{"role": draw(st.sampled_from(["system", "developer"])), "content": draw(contents)}]
    history = [message for turns in draw(st.lists(rounds(), max_size=2)) for message in turns]
    seen: set[object] = set()
    for message in history:  # an id names one call of a conversation
        for call in message.get("tool_calls", []):  # type: ignore[attr-defined]  # a list, where it is there
            if call["id"] in seen:
                history = []
            seen.add(call["id"])
    last: JsonObject = {"role": "user", "content": draw(user_contents)}
    request: JsonObject = {"model": "m", "messages": [*draw(st.sampled_from([[], heads])), *history, last]}
    request["tools"] = draw(tools())
    optional: dict[str, st.SearchStrategy[object]] = {
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
        "parallel_tool_calls": st.booleans(),
        "max_completion_tokens": st.integers(1, 100_000),
        "temperature": st.sampled_from([0, 0.5, 1]),
        "top_p": st.sampled_from([0.1, 1]),
        "stop": texts | st.lists(texts, min_size=1, max_size=4),
        "seed": st.integers(0, 2**31),
        "n": st.integers(2, 3),
        "frequency_penalty": st.sampled_from([-1, 0.5]),
        "logprobs": st.just(value=True),
        "user": texts,
        "service_tier": st.sampled_from(["auto", "default", "flex"]),
        "reasoning_effort": st.sampled_from(["none", "low", "medium", "high"]),
        "response_format": st.just({"type": "json_object"})
        | schemas.map(lambda schema: {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}),
        "metadata": st.just({"team": "a"}),
        "stream": st.booleans(),
    }
    request |= draw(st.fixed_dictionaries({}, optional=optional))
    return request


@st.composite
def extended_requests(draw: st.DrawFn) -> JsonObject:
    """Make a request with what clients of gateways add: cache markers, signed thinking, failed tools, budgets.

    It may have instructions in the middle of the conversation too.
    """
    request: JsonObject = json.loads(json.dumps(draw(openai_requests())))
    messages = request["messages"]
    assert isinstance(messages, list)
    for message in messages:
        parts = message["content"] if isinstance(message["content"], list) else [message]
        if draw(st.booleans()):
            draw(st.sampled_from(parts))["cache_control"] = draw(markers)
        if message["role"] == "tool":
            message["is_error"] = draw(st.booleans())
        if message["role"] == "assistant" and draw(st.booleans()):
            message["thinking_blocks"] = draw(st.lists(signed, min_size=1, max_size=2))
        for call in message.get("tool_calls", ()):
            if draw(st.booleans()):
                call["extra_content"] = {"google": {"thought_signature": draw(base64_texts)}}
    if draw(st.booleans()):
        messages.insert(-1, {"role": draw(st.sampled_from(["system", "developer"])), "content": draw(contents)})
    offered = request["tools"]
    assert isinstance(offered, list)
    if draw(st.booleans()):
        draw(st.sampled_from(offered))["cache_control"] = draw(markers)
    if draw(st.booleans()):
        request["thinking"] = draw(thinking_options)
    request["min_p"] = 0.1
    request["web_search_options"] = {}  # empty, and yet it asks for a search
    return request


markers = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
signed = st.builds(lambda text, sign: {"type": "thinking", "thinking": text, "signature": sign}, texts, base64_texts)
signed |= base64_texts.map(lambda data: {"type": "redacted_thinking", "data": data})
thinking_options = st.sampled_from(
    [{"type": "enabled", "budget_tokens": 2000}, {"type": "disabled"}, {"type": "adaptive", "display": "omitted"}]
)


# --- answers

counts = st.none() | st.integers(0, 10**6)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Make counts as a provider reports them: input and output, and perhaps what they are made of."""
    cached, created = draw(counts), draw(counts)
    fresh = draw(st.integers(0, 10**6))
    reasoning = draw(counts)
    into, out = fresh + (cached or 0) + (created or 0), draw(st.integers(0, 10**6)) + (reasoning or 0)
    return Usage(into, cached, created, out, reasoning, total_tokens=into + out)


calls = st.builds(ToolCall, ids, st.sampled_from(NAMES), arguments, st.none() | base64_texts)
thoughts = st.builds(Thinking, texts, base64_texts) | st.builds(RedactedThinking, base64_texts)
reasons = st.sampled_from(REASONS)


@st.composite
def choices(draw: st.DrawFn, index: int) -> Choice:
    """Make a choice whose blocks stand in the order of OpenAI's messages: thinking, text, refusal, calls."""
    blocks: list[Block] = list(draw(st.lists(thoughts, max_size=2)))
    blocks += draw(st.lists(st.builds(Text, texts, signature=st.none() | base64_texts), max_size=1))
    blocks += draw(st.lists(st.builds(Refusal, texts), max_size=1))
    called = draw(st.lists(calls, max_size=3, unique_by=lambda call: call.id))
    finish: FinishReason = "tool_calls" if called else draw(reasons)
    return Choice(index, [*blocks, *called], finish, finish)


@st.composite
def answers(draw: st.DrawFn, most_choices: int = 2) -> ChatAnswer:
    """Make an answer that a caller can read whole."""
    number = draw(st.integers(1, most_choices))
    made = [draw(choices(index)) for index in range(number)]
    return ChatAnswer(draw(ids), "m", made, draw(usages()), draw(st.integers(0, 2**31)))


logprobs = st.builds(TokenLogprob, texts, st.floats(-9, 0), st.none() | st.tuples(st.integers(0, 255)), st.just(()))


def events_of(answer: ChatAnswer) -> list[ChatEvent]:
    """Return the answer as a stream, each text cut in two."""
    events: list[ChatEvent] = [Begin(answer.id, answer.model, answer.created, answer.service_tier)]
    for choice in answer.choices:
        for index, block in enumerate(choice.blocks):
            events += _events_of_block(choice.index, index, block)
            events.append(BlockEnd(choice.index, index))
        events.append(Finish(choice.index, choice.finish, choice.word, choice.stop_sequence))
    return [*events, UsageReport(answer.usage), End()]


def _events_of_block(choice: int, index: int, block: Block) -> list[ChatEvent]:
    match block:
        case Text(text=text, signature=signature):
            events: list[ChatEvent] = [BlockBegin(choice, index, Text(""))]
            events += [TextDelta(choice, index, piece) for piece in _halves(text)]
            return events + ([SignatureDelta(choice, index, signature)] if signature else [])
        case Thinking(text=text, signature=signature):
            events = [BlockBegin(choice, index, Thinking(""))]
            events += [ThinkingDelta(choice, index, piece) for piece in _halves(text)]
            return events + ([SignatureDelta(choice, index, signature)] if signature else [])
        case Refusal(text=text):
            deltas = [RefusalDelta(choice, index, piece) for piece in _halves(text)]
            return [BlockBegin(choice, index, Refusal("")), *deltas]
        case ToolCall():
            begun = msgspec.structs.replace(block, arguments="")
            pieces = [] if block.arguments == "{}" else _halves(block.arguments)
            return [BlockBegin(choice, index, begun), *[ArgumentsDelta(choice, index, piece) for piece in pieces]]
        case RedactedThinking():
            return [BlockBegin(choice, index, block)]
        case _:
            raise AssertionError(block)


def _halves(text: str) -> list[str]:
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]

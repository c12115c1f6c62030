"""What a provider says reaches every caller whole, and comes back to the provider as it said it.

Turns are made up and written by ``provider_turns``; callers read them with the SDKs of OpenAI and Anthropic, and send
back what those put together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple, cast, get_args

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import TypeAdapter

from penstock.core.chat_format import AnswerContext, FormatId
from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from penstock.wire.framing.sse import EventSplitter, event_data
from tests.wire.chat_oracles import ANSWER_ORACLES, REQUEST_ORACLES, STREAM_ORACLES
from tests.wire.provider_turns import ANSWERS, EVENTS, STOPS, Counts, Turn, turns

Json = dict[str, Any]
FORMATS: tuple[FormatId, ...] = get_args(FormatId)
CALLERS: tuple[FormatId, ...] = ("openai_chat", "anthropic_messages")
MODELS: Mapping[FormatId, str] = {
    "openai_chat": "gpt-5.1",
    "anthropic_messages": "claude-sonnet-4-5",
    "bedrock_converse": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini_generate": "gemini-3-pro-preview",
    "cohere_chat": "command-a-reasoning-08-2025",
}
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("get_weather", "now")]
_anthropic_event: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)

every_pair = pytest.mark.parametrize(("caller", "upstream"), list(product(CALLERS, FORMATS)))
patiently = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


Thought = tuple[str, str | None]


class Seen(NamedTuple):
    """What somebody reads in a turn; arguments are the objects that they are the text of."""

    thoughts: list[Thought]
    text: str
    text_signature: str | None
    calls: list[tuple[str, str, Json, str | None]]

    @classmethod
    def of(cls, turn: Turn) -> Seen:
        calls = [(call.id, call.name, json.loads(call.arguments), call.signature) for call in turn.calls]
        return cls(turn.thoughts, turn.text, turn.text_signature, calls)


# --- how callers ask and read


def request_of(caller: FormatId, history: list[Json], *, stream: bool) -> JsonObject:
    asked: Json = {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "Well?"}, *history]}
    asked["tools"] = TOOLS
    if caller == "openai_chat":
        asked["tools"] = [
            {"type": "function", "function": {"name": tool["name"], "parameters": tool["input_schema"]}}
            for tool in TOOLS
        ]
        asked["stream_options"] = {"include_usage": True}
    return JsonObject(json.dumps({**asked, "stream": stream}).encode())


def answered(caller_id: FormatId, upstream_id: FormatId, turn: Turn) -> Json:
    """Return the body that a caller gets for a turn that comes whole."""
    caller, upstream = find_caller_format(caller_id), find_upstream_format(upstream_id)
    context = AnswerContext(model="m", request_id="req_test", created=7)
    answer = upstream.lift_answer(json.dumps(ANSWERS[upstream_id](turn)).encode(), context)
    assert context.unknown == []
    body = caller.lower_answer(answer, caller.lift(request_of(caller_id, [], stream=False)))
    ANSWER_ORACLES[caller_id](body)
    read = ChatCompletion if caller_id == "openai_chat" else Message
    return read.model_validate_json(body).model_dump(exclude_unset=True)


def streamed(caller_id: FormatId, upstream_id: FormatId, turn: Turn) -> list[Json]:
    """Return the events that a caller gets for a turn that comes in pieces."""
    caller, upstream = find_caller_format(caller_id), find_upstream_format(upstream_id)
    context = AnswerContext(model="m", request_id="req_test", created=7)
    decoder = upstream.decoder(context)
    encoder = caller.encoder(caller.lift(request_of(caller_id, [], stream=True)), context)
    stream = b""
    for kind, event in EVENTS[upstream_id](turn):
        data = json.dumps(event).encode() if event else b"[DONE]"
        stream += b"".join(map(encoder.encode, decoder.decode(kind, data)))
    stream += b"".join(map(encoder.encode, decoder.close()))
    assert context.unknown == []
    STREAM_ORACLES[caller_id](stream)
    found = [event_data(block) for block in EventSplitter().feed(stream)[1]]
    assert b"error" not in {data[2:7] for data in found if data}
    return [json.loads(data) for data in found if data and data != b"[DONE]"]


def openai_sum(events: list[Json]) -> Json:
    state = ChatCompletionStreamState()
    for event in events:
        state.handle_chunk(ChatCompletionChunk.model_validate(event))
    return state.current_completion_snapshot.model_dump(exclude_unset=True)


def anthropic_sum(events: list[Json]) -> Json:
    snapshot, pieces = None, dict[int, bytes]()
    for event in events:
        if event["type"] != "ping":
            typed = _anthropic_event.validate_python(event)
            snapshot = accumulate_event(event=typed, current_snapshot=snapshot, json_bufs=pieces)
    assert snapshot is not None
    return snapshot.model_dump(exclude_unset=True)


SUMS = {"openai_chat": openai_sum, "anthropic_messages": anthropic_sum}


def carried(holder: Json) -> str | None:
    """Return the signature that a member of ours carries."""
    extra = holder.get("extra_content")
    return None if extra is None else cast("str", extra["google"]["thought_signature"])


def openai_message(body: Json) -> Json:
    return cast("Json", body["choices"][0]["message"])


def openai_seen(body: Json) -> Seen:
    message = openai_message(body)
    signed: list[Thought] = [(block["thinking"], block["signature"]) for block in message.get("thinking_blocks") or ()]
    told: list[Thought] = [(message["reasoning_content"], None)] if message.get("reasoning_content") else []
    assert not signed or "".join(text for text, _ in signed) == told[0][0]
    calls = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]), carried(call))
        for call in message.get("tool_calls") or ()
    ]
    return Seen(signed or told, message.get("content") or "", carried(message), calls)


def anthropic_seen(body: Json) -> Seen:
    blocks = body["content"]
    thoughts = [(block["thinking"], block["signature"] or None) for block in blocks if block["type"] == "thinking"]
    texts = [block for block in blocks if block["type"] == "text"]
    signatures = [signature for block in texts if (signature := carried(block))]
    calls = [
        (block["id"], block["name"], block["input"], carried(block)) for block in blocks if block["type"] == "tool_use"
    ]
    text = "".join(block["text"] for block in texts)
    return Seen(thoughts, text, signatures[0] if signatures else None, calls)


SEEN: Mapping[FormatId, Callable[[Json], Seen]] = {
    "openai_chat": openai_seen,
    "anthropic_messages": anthropic_seen,
}


def openai_ended(body: Json) -> tuple[str, Counts]:
    usage = body["usage"]
    read, written = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    cached, created = read.get("cached_tokens"), read.get("cache_write_tokens")
    fresh = usage["prompt_tokens"] - (cached or 0) - (created or 0)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    counts = Counts(fresh, cached, created, usage["completion_tokens"], written.get("reasoning_tokens"))
    return body["choices"][0]["finish_reason"], counts


def anthropic_ended(body: Json) -> tuple[str, Counts]:
    usage = body["usage"]
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens")
    cached, created = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    return body["stop_reason"], Counts(usage["input_tokens"], cached, created, usage["output_tokens"], thought)


ENDED: Mapping[FormatId, Callable[[Json], tuple[str, Counts]]] = {
    "openai_chat": openai_ended,
    "anthropic_messages": anthropic_ended,
}


# --- what reaches the caller


@every_pair
@patiently
@given(data=st.data())
def test_a_turn_reaches_the_caller_whole(caller: FormatId, upstream: FormatId, data: st.DataObject) -> None:
    turn = data.draw(turns(upstream))
    body = answered(caller, upstream, turn)
    assert SEEN[caller](body) == Seen.of(turn)
    assert ENDED[caller](body) == (STOPS[caller][turn.stop], turn.counts)


@every_pair
@patiently
@given(data=st.data())
def test_a_turn_that_is_streamed_reaches_the_caller_whole(
    caller: FormatId, upstream: FormatId, data: st.DataObject
) -> None:
    turn = data.draw(turns(upstream))
    body = SUMS[caller](streamed(caller, upstream, turn))
    assert SEEN[caller](body) == Seen.of(turn)
    assert ENDED[caller](body) == (STOPS[caller][turn.stop], turn.counts)


def indexes_of_calls(caller: FormatId, events: list[Json]) -> list[tuple[int, str]]:
    """Return number and id of each call, in the order in which the calls begin."""
    if caller == "anthropic_messages":
        begun = [(event["index"], event["content_block"]) for event in events if event["type"] == "content_block_start"]
        return [(index, block["id"]) for index, block in begun if block["type"] == "tool_use"]
    pieces = [
        piece for event in events for choice in event["choices"] for piece in choice["delta"].get("tool_calls", ())
    ]
    return [(piece["index"], piece["id"]) for piece in pieces if "id" in piece]


@every_pair
@patiently
@given(data=st.data())
def test_calls_are_numbered_in_their_order(caller: FormatId, upstream: FormatId, data: st.DataObject) -> None:
    turn = data.draw(turns(upstream))
    before = 0 if caller == "openai_chat" else len(turn.thoughts) + bool(turn.text)  # Anthropic numbers all blocks
    found = indexes_of_calls(caller, streamed(caller, upstream, turn))
    assert found == [(before + number, call.id) for number, call in enumerate(turn.calls)]


# --- what comes back to the provider


def sent_back(caller: FormatId, seen: Json) -> list[Json]:
    """Return the turn as a client of the SDK appends it to its history, results of its calls, and the user's words."""
    if caller == "openai_chat":
        message = openai_message(seen)
        ids = [call["id"] for call in message.get("tool_calls") or ()]
        message = {name: value for name, value in message.items() if value is not None}
        results = [{"role": "tool", "tool_call_id": id_, "content": "7"} for id_ in ids]
        return [message, *results, {"role": "user", "content": "And?"}]
    ids = [block["id"] for block in seen["content"] if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": id_, "content": "7"} for id_ in ids]
    return [
        {"role": "assistant", "content": seen["content"]},
        {"role": "user", "content": [*results, {"type": "text", "text": "And?"}]},
    ]


def anthropic_heard(body: Json) -> Seen:
    return anthropic_seen(next(message for message in body["messages"] if message["role"] == "assistant"))


def openai_heard(body: Json) -> Seen:
    message = next(message for message in body["messages"] if message["role"] == "assistant")
    content = message.get("content") or ""
    message["content"] = content if isinstance(content, str) else "".join(part["text"] for part in content)
    return openai_seen({"choices": [{"message": message}]})


def bedrock_heard(body: Json) -> Seen:
    seen = Seen([], "", None, [])
    for block in next(message["content"] for message in body["messages"] if message["role"] == "assistant"):
        match block:
            case {"text": text}:
                seen = seen._replace(text=seen.text + text)
            case {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}:
                seen.thoughts.append((text, signature))
            case {"toolUse": {"toolUseId": id_, "name": name, "input": given_}}:
                seen.calls.append((id_, name, given_, None))
            case _:
                raise AssertionError(block)
    return seen


def gemini_heard(body: Json) -> Seen:
    seen = Seen([], "", None, [])
    for part in next(content["parts"] for content in body["contents"] if content["role"] == "model"):
        signature = part.get("thoughtSignature")
        match part:
            case {"thought": True, "text": text}:
                seen.thoughts.append((text, signature))
            case {"text": text}:
                seen = seen._replace(text=seen.text + text, text_signature=signature or seen.text_signature)
            case {"functionCall": {"id": id_, "name": name, "args": given_}}:
                seen.calls.append((id_, name, given_, signature))
            case _:
                raise AssertionError(part)
    return seen


def cohere_heard(body: Json) -> Seen:
    turn = next(message for message in body["messages"] if message["role"] == "assistant")
    content = turn.get("content") or []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    thoughts: list[Thought] = [(part["thinking"], None) for part in parts if part["type"] == "thinking"]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    calls = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]), carried(call))
        for call in turn.get("tool_calls") or ()
    ]
    assert not (calls and texts), "what is said before calls is the plan"
    return Seen(thoughts, turn.get("tool_plan", "") + "".join(texts), None, calls)


HEARD: Mapping[FormatId, Callable[[Json], Seen]] = {
    "openai_chat": openai_heard,
    "anthropic_messages": anthropic_heard,
    "bedrock_converse": bedrock_heard,
    "gemini_generate": gemini_heard,
    "cohere_chat": cohere_heard,
}


def results_in(body: Json) -> list[str]:
    """Return the ids that the results of tools name, in their order, wherever the format has them."""
    names = {"tool_call_id", "tool_use_id", "toolUseId"}
    said_by_others = {"input", "args", "response"}  # arguments and results, in which any name may stand
    found: list[str] = []

    def look(value: object, *, inside: str = "") -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if (name in names and inside != "toolUse") or (name == "id" and inside == "functionResponse"):
                    found.append(inner)
                if name not in said_by_others:
                    look(inner, inside=name)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(body)
    return found


@every_pair
@pytest.mark.parametrize("stream", [False, True])
@patiently
@given(data=st.data())
def test_a_turn_comes_back_to_its_provider_as_it_said_it(
    caller: FormatId, upstream: FormatId, stream: bool, data: st.DataObject
) -> None:
    turn = data.draw(turns(upstream))
    seen = SUMS[caller](streamed(caller, upstream, turn)) if stream else answered(caller, upstream, turn)
    asked = find_caller_format(caller).lift(request_of(caller, sent_back(caller, seen), stream=stream))
    model = MODELS[upstream]
    lowered = find_upstream_format(upstream).lower(asked, model, facts_of(model))
    body = json.loads(lowered.body)
    REQUEST_ORACLES[upstream](body)
    said = Seen.of(turn)
    if upstream == "openai_chat" != caller and turn.thoughts:  # OpenAI takes no thinking back, which is told
        assert [loss.kind for loss in lowered.losses] == ["dropped"]
        said = said._replace(thoughts=[])
    else:
        assert lowered.losses == ()
    assert HEARD[upstream](body) == said
    assert results_in(body) == [call.id for call in turn.calls]

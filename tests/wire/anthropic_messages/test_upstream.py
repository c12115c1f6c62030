"""The format as a whole: found by name, and a conversation of an OpenAI client that goes on from turn to turn."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from penstock.core.chat_format import AnswerContext
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.wire.anthropic_messages.decode_events import AnthropicEvents
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from tests.wire.anthropic_messages.streaming import stream_of

Json = dict[str, object]

CALLER = find_caller_format("openai_chat")
UPSTREAM = find_upstream_format("anthropic_messages")
FACTS = ModelFacts(thinking="adaptive", max_output_tokens=1000)
ASKED: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=5)
SIGNATURES = st.text("ABCabc019+/=", min_size=1)
THOUGHTS = st.one_of(
    st.builds(
        lambda text, sign: {"type": "thinking", "thinking": text, "signature": sign}, st.just("") | TEXTS, SIGNATURES
    ),
    st.builds(lambda data: {"type": "redacted_thinking", "data": data}, TEXTS),
)
INPUTS = st.dictionaries(TEXTS, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS, max_size=3)
CALLS = st.builds(lambda value: {"type": "tool_use", "id": "", "name": "f", "input": value}, INPUTS)


@st.composite
def turns(draw: st.DrawFn) -> list[Json]:
    """Draw an answer as Claude gives it: thinking, a text, calls."""
    blocks: list[Json] = draw(st.lists(THOUGHTS, max_size=3))
    blocks += [{"type": "text", "text": draw(TEXTS)}]
    calls = draw(st.lists(CALLS, max_size=3))
    return blocks + [{**call, "id": f"toolu_{number}"} for number, call in enumerate(calls)]


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="r")


def sent_back(message: Json) -> object:
    """Return the content of the assistant's turn that goes upstream when the client sends its message back."""
    calls = message.get("tool_calls") or []
    assert isinstance(calls, list)
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}, message, *results, {"role": "user", "content": "Go on."}],
    }
    request = CALLER.lift(JsonObject(json.dumps(body).encode()))
    lowered = UPSTREAM.lower(request, "claude", FACTS)
    assert lowered.losses == ()
    return json.loads(lowered.body)["messages"][1]["content"]


def test_the_format_is_found_by_its_name() -> None:
    assert (UPSTREAM.id, UPSTREAM.framing) == ("anthropic_messages", "sse")
    assert isinstance(UPSTREAM.decoder(context()), AnthropicEvents)


@given(turns())
def test_a_turn_comes_back_as_it_was_through_an_openai_client(blocks: list[Json]) -> None:
    answer = UPSTREAM.lift_answer(json.dumps({"content": blocks, "stop_reason": "end_turn"}).encode(), context())
    request = CALLER.lift(JsonObject(json.dumps(ASKED).encode()))
    body = json.loads(CALLER.lower_answer(answer, request))
    assert sent_back(body["choices"][0]["message"]) == blocks


@given(turns(), st.integers(1, 4))
def test_a_streamed_turn_comes_back_as_it_was_through_the_openai_sdk(blocks: list[Json], cut: int) -> None:
    seen = context()
    decoder = UPSTREAM.decoder(seen)
    encoder = CALLER.encoder(CALLER.lift(JsonObject(json.dumps(ASKED).encode())), seen)
    events = [event for index, block in enumerate(blocks) for event in stream_of(block, index, cut)]
    state = ChatCompletionStreamState()
    for event in [*events, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]:
        for told in decoder.decode("", json.dumps(event).encode()):
            chunk = encoder.encode(told).removeprefix(b"data: ").rstrip()
            if chunk and chunk != b"[DONE]":
                for one in chunk.split(b"\n\ndata: "):
                    state.handle_chunk(ChatCompletionChunk.model_validate_json(one))
    message = state.current_completion_snapshot.choices[0].message.model_dump(exclude_none=True)
    assert sent_back(_without_sdk_members(message)) == blocks


def _without_sdk_members(message: Json) -> Json:
    """Take out what the SDK's accumulation adds and its users do not send back."""
    calls = message.get("tool_calls", [])
    assert isinstance(calls, list)
    for call in calls:
        del call["index"]
        call["function"].pop("parsed_arguments", None)
    message.pop("parsed", None)
    return message

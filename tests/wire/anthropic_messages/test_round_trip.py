"""What a caller says reaches an upstream of the same format whole, the neutral way; the answer likewise."""

from __future__ import annotations

import json

from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat_format import AnswerContext
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.wire.anthropic_messages.caller import CALLER
from penstock.wire.anthropic_messages.upstream import UPSTREAM
from tests.wire.messages_requests import block, conversations, inputs, names, text_blocks, thoughts, words

FACTS = ModelFacts(max_output_tokens=64_000, json_schema=True, thinking="budget", thinking_budget=(1024, 63_999))
BODIES = st.fixed_dictionaries(
    {"max_tokens": st.integers(4096, 60_000), "messages": conversations()},
    optional={
        "system": st.lists(text_blocks, min_size=1, max_size=2),
        "temperature": st.just(0.5),
        "stop_sequences": st.lists(words, min_size=1, max_size=2),
        "metadata": st.fixed_dictionaries({"user_id": words}),
        "service_tier": st.sampled_from(["auto", "standard_only"]),
        "thinking": st.just({"type": "enabled", "budget_tokens": 2048}),
        "inference_geo": st.just("us"),
        "stream": st.just(True),
    },
).filter(lambda body: not {"temperature", "thinking"} <= body.keys())  # a model that thinks takes none
TOOLS = [{"name": "f", "description": "F.", "input_schema": {"type": "object", "properties": {}}}]


@given(BODIES)
def test_a_request_keeps_everything(body: dict[str, object]) -> None:
    body = {"model": "claude-sonnet-4-5", "tools": TOOLS, **body}
    lowered = UPSTREAM.lower(CALLER.lift(JsonObject(json.dumps(body).encode())), "claude-sonnet-4-5", FACTS)
    assert lowered.losses == ()
    assert json.loads(lowered.body) == body


ANSWER_BLOCKS = text_blocks | thoughts | block("tool_use", id=names, name=names, input=inputs)
ANSWERS = st.fixed_dictionaries(
    {
        "id": st.just("msg_1"),
        "type": st.just("message"),
        "role": st.just("assistant"),
        "model": st.just("claude-sonnet-4-5"),
        "content": st.lists(ANSWER_BLOCKS, max_size=4),
        "stop_reason": st.sampled_from(["max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"]),
        "stop_sequence": st.none() | words,
        "usage": st.fixed_dictionaries(
            {"input_tokens": st.integers(0, 99), "output_tokens": st.integers(0, 99)},
            optional={"cache_read_input_tokens": st.integers(0, 99), "cache_creation_input_tokens": st.integers(0, 99)},
        ),
    }
)


@given(ANSWERS)
def test_an_answer_keeps_everything(answer: dict[str, object]) -> None:
    context = AnswerContext(model="m", request_id="r")
    request = CALLER.lift(JsonObject(b'{"max_tokens":1,"messages":[{"role":"user","content":"x"}]}'))
    lifted = UPSTREAM.lift_answer(json.dumps(answer).encode(), context)
    shown = CALLER.lower_answer(lifted, request)
    assert json.loads(shown) == answer
    assert context.unknown == []
    Message.model_validate_json(shown)

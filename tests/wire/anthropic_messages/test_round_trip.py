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

FACTS = ModelFacts(max_output_tokens=64_000, json_schema=True, thinking="budget", thinking_budget=(1024, 63_999))
WORDS = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
MARKERS = st.sampled_from([{}, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}])
JSON = st.dictionaries(NAMES, st.integers() | WORDS | st.none() | st.lists(st.booleans(), max_size=2), max_size=3)


def block(kind: str, **members: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({"type": st.just(kind), **members})


TEXTS = block("text", text=WORDS)
IMAGES = block(
    "image",
    source=st.just({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="})
    | st.just({"type": "url", "url": "https://a.example/p.png"}),
)
DOCUMENTS = block(
    "document",
    title=WORDS,
    context=WORDS,
    citations=st.just({"enabled": True}),
    source=block("text", media_type=st.just("text/plain"), data=WORDS),
)
SIGNATURES = st.text("ABCabc019+/=", min_size=1, max_size=9)
THINKING = block("thinking", thinking=WORDS, signature=SIGNATURES) | block(
    "redacted_thinking", data=st.just("ZGF0YQ==")
)


@st.composite
def conversations(draw: st.DrawFn) -> list[object]:
    """Turns in order: calls come behind thinking and have their results in the next turn; a few blocks are marked."""
    messages: list[object] = [
        {"role": "user", "content": draw(st.lists(TEXTS | IMAGES | DOCUMENTS, min_size=1, max_size=3))}
    ]
    for turn in range(draw(st.integers(0, 2))):
        inputs = draw(st.lists(JSON, max_size=2))
        calls = [
            {"type": "tool_use", "id": f"toolu_{turn}_{number}", "name": "f", "input": input_}
            for number, input_ in enumerate(inputs)
        ]
        said = draw(st.lists(THINKING, min_size=1 if calls else 0, max_size=1)) + draw(
            st.lists(TEXTS, min_size=0 if calls else 1, max_size=2)
        )
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call["id"],
                "content": draw(st.lists(TEXTS, min_size=1, max_size=2)),
                "is_error": draw(st.booleans()),
            }
            for call in calls
        ]
        messages.append({"role": "assistant", "content": [*said, *calls]})
        messages.append({"role": "user", "content": [*results, {**draw(TEXTS), **draw(MARKERS)}]})
    return messages


BODIES = st.fixed_dictionaries(
    {"max_tokens": st.integers(4096, 60_000), "messages": conversations()},
    optional={
        "system": st.lists(TEXTS, min_size=1, max_size=2),
        "temperature": st.just(0.5),
        "stop_sequences": st.lists(WORDS, min_size=1, max_size=2),
        "metadata": st.fixed_dictionaries({"user_id": WORDS}),
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


ANSWER_BLOCKS = TEXTS | THINKING | block("tool_use", id=NAMES, name=NAMES, input=JSON)
ANSWERS = st.fixed_dictionaries(
    {
        "id": st.just("msg_1"),
        "type": st.just("message"),
        "role": st.just("assistant"),
        "model": st.just("claude-sonnet-4-5"),
        "content": st.lists(ANSWER_BLOCKS, max_size=4),
        "stop_reason": st.sampled_from(["max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"]),
        "stop_sequence": st.none() | WORDS,
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

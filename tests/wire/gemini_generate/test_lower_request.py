from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Lowered
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.data import facts_of
from penstock.wire.gemini_generate.lower_request import lower_request
from penstock.wire.openai_chat.caller import CALLER
from tests.wire.chat_oracles import check_gemini_request

FACTS = [facts_of(name) for name in ("gemini-3-pro-preview", "gemini-4-argon", "gemini-2.5-flash", "gemini-2.0-flash")]
FACTS.append(UNKNOWN_MODEL)

texts = st.text("aé\n", max_size=4)
PNG = "data:image/png;base64,iVBORw0KGgoAAAAN"
parts = st.sampled_from(
    [
        {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/x"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
)
calls = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["c1", "c2"]),
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": st.just("f"), "arguments": st.sampled_from(["", "{}", '{"a": 1}'])}),
    },
    optional={"extra_content": st.just({"google": {"thought_signature": "c2ln"}})},
)
turns = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer"]), "content": texts}),
    st.fixed_dictionaries({"role": st.just("user"), "content": texts | st.lists(parts, max_size=3)}),
    st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": texts},
        optional={
            "tool_calls": st.lists(calls, min_size=1, max_size=2),
            "reasoning_content": texts,
            "refusal": texts,
            "thinking_blocks": st.just([{"type": "thinking", "thinking": "t", "signature": "s"}]),
            "extra_content": st.just({"google": {"thought_signature": "c2ln"}}),
        },
    ),
    st.fixed_dictionaries(
        {
            "role": st.just("tool"),
            "tool_call_id": st.sampled_from(["c1", "c2"]),
            "content": texts | st.lists(parts, max_size=2),
        },
        optional={"is_error": st.booleans()},
    ),
)
SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False}
bodies = st.fixed_dictionaries(
    {"messages": st.lists(turns, min_size=1, max_size=5)},
    optional={
        "tools": st.lists(
            st.sampled_from(
                [
                    {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}},
                    {"type": "function", "function": {"name": "json_answer"}},
                    {"type": "google_search"},
                    {"type": "web_search", "web_search": 5},
                ]
            ),
            max_size=3,
        ),
        "tool_choice": st.sampled_from(["none", "auto", "required"]),
        "response_format": st.sampled_from(
            [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}]
        ),
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "odd"]),
        "temperature": st.floats(0, 2),
        "seed": st.integers(-(2**62), 2**62),
        "n": st.integers(1, 20),
        "stop": st.lists(texts, max_size=7),
        "logprobs": st.booleans(),
        "top_logprobs": st.integers(0, 30),
        "max_completion_tokens": st.integers(1, 10**6),
        "parallel_tool_calls": st.booleans(),
        "user": texts,
        "labels": st.just({"a": "b"}),
    },
)


def attempt(body: Any, facts: ModelFacts) -> tuple[ChatRequest, Lowered] | None:
    """Return the lowered request, or None when it was refused."""
    try:
        request = CALLER.lift(JsonObject(json.dumps(body).encode()))
        return request, lower_request(request, "m", facts)
    except InvalidRequest:
        return None


@given(bodies, st.sampled_from(FACTS))
@settings(max_examples=300, deadline=None)
def test_whatever_was_lifted_is_googles_request_or_is_refused(body: Any, facts: ModelFacts) -> None:
    lowered = attempt(body, facts)
    if lowered is None:
        return
    sent = json.loads(lowered[1].body)
    check_gemini_request(sent)
    roles = [content["role"] for content in sent["contents"]]
    assert all(first != second for first, second in pairwise(roles)), "the speakers take turns"
    assert all(content["parts"] for content in sent["contents"])
    assert all(loss.why and loss.path.startswith("$.") for loss in lowered[1].losses)


@given(bodies)
@settings(max_examples=150, deadline=None)
def test_gemini_3_gets_a_signature_with_the_first_call_of_every_turn(body: Any) -> None:
    lowered = attempt(body, facts_of("gemini-3-pro-preview"))
    if lowered is None:
        return
    for content in json.loads(lowered[1].body)["contents"]:
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        assert first is None or "thoughtSignature" in first


@given(bodies, st.sampled_from(FACTS))
@settings(max_examples=100, deadline=None)
def test_a_request_is_lowered_alike_each_time_and_is_left_as_it_was(body: Any, facts: ModelFacts) -> None:
    """One lifted request is lowered once per attempt."""
    first = attempt(body, facts)
    if first is not None:
        assert lower_request(first[0], "m", facts) == first[1]

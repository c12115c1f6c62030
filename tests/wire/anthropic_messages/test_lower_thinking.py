from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import EFFORTS, ChatRequest, Message, Reasoning, Text, Thinking, ToolCall, ToolResult
from penstock.core.chat_format import Losses
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.anthropic_messages.lower_thinking import Plan, plan_thinking, write_sampling

BUDGET = ModelFacts(thinking="budget", max_output_tokens=64_000, thinking_budget=(1024, 63_999))
ADAPTIVE = ModelFacts(thinking="adaptive", max_output_tokens=128_000, efforts=("low", "medium", "high"))
ALWAYS = ModelFacts(thinking="adaptive", max_output_tokens=128_000, efforts=("low", "high"), can_stop_thinking=False)


def request(
    reasoning: Reasoning | None = None,
    *,
    max_output_tokens: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    messages: list[Message] | None = None,
) -> ChatRequest:
    return ChatRequest(
        vendor="test",
        paths={},
        messages=messages or [],
        reasoning=reasoning,
        max_output_tokens=max_output_tokens,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
    )


def plan(asked: ChatRequest, facts: ModelFacts) -> tuple[Plan, list[tuple[str, str]]]:
    losses = Losses(asked)
    return plan_thinking(asked, facts, losses), [(loss.path, loss.kind) for loss in losses.found]


REASONING_LOST = [("$.reasoning", "dropped")]
REASONING_NEAR = [("$.reasoning", "approximated")]


@pytest.mark.parametrize(
    ("reasoning", "facts", "expected", "losses"),
    [
        (None, UNKNOWN_MODEL, Plan(4096), []),
        (None, BUDGET, Plan(64_000), []),
        (None, ADAPTIVE, Plan(128_000), []),
        (None, ALWAYS, Plan(128_000, on=True), []),
        (Reasoning(effort="high"), UNKNOWN_MODEL, Plan(4096), REASONING_LOST),
        (Reasoning(effort="none"), UNKNOWN_MODEL, Plan(4096), []),
        (Reasoning("disabled"), BUDGET, Plan(64_000), []),
        (Reasoning("disabled"), ADAPTIVE, Plan(128_000, {"type": "disabled"}), []),
        (Reasoning("disabled"), ALWAYS, Plan(128_000, effort="low", on=True), REASONING_NEAR),
        (Reasoning("adaptive"), ADAPTIVE, Plan(128_000, {"type": "adaptive"}, on=True), []),
        (
            Reasoning("adaptive", show=True),
            ADAPTIVE,
            Plan(128_000, {"type": "adaptive", "display": "summarized"}, on=True),
            [],
        ),
        (
            Reasoning("adaptive", show=False),
            ADAPTIVE,
            Plan(128_000, {"type": "adaptive", "display": "omitted"}, on=True),
            [],
        ),
        (
            Reasoning("enabled", budget_tokens=5000),
            ADAPTIVE,
            Plan(128_000, {"type": "adaptive"}, on=True),
            REASONING_NEAR,
        ),
        (Reasoning(effort="high"), ADAPTIVE, Plan(128_000, {"type": "adaptive"}, "high", on=True), []),
        (Reasoning(effort="max"), ADAPTIVE, Plan(128_000, {"type": "adaptive"}, "high", on=True), REASONING_NEAR),
        (Reasoning(effort="minimal"), ADAPTIVE, Plan(128_000, {"type": "adaptive"}, "low", on=True), REASONING_NEAR),
        (
            Reasoning(effort="low"),
            ModelFacts(thinking="adaptive"),
            Plan(4096, {"type": "adaptive"}, on=True),
            REASONING_NEAR,
        ),
        (Reasoning(effort="odd"), ADAPTIVE, Plan(128_000, {"type": "adaptive"}, on=True), REASONING_LOST),
        (Reasoning(effort="low"), BUDGET, Plan(64_000, {"type": "enabled", "budget_tokens": 12_800}, on=True), []),
        (
            Reasoning("enabled", budget_tokens=2000),
            BUDGET,
            Plan(64_000, {"type": "enabled", "budget_tokens": 2000}, on=True),
            [],
        ),
        (
            Reasoning("enabled", budget_tokens=10),
            BUDGET,
            Plan(64_000, {"type": "enabled", "budget_tokens": 1024}, on=True),
            [("$.reasoning", "clamped")],
        ),
        (
            Reasoning("adaptive"),
            BUDGET,
            Plan(64_000, {"type": "enabled", "budget_tokens": 32_000}, on=True),
            REASONING_NEAR,
        ),
    ],
)
def test_what_is_asked_for_becomes_what_the_model_takes(
    reasoning: Reasoning | None, facts: ModelFacts, expected: Plan, losses: list[tuple[str, str]]
) -> None:
    assert plan(request(reasoning), facts) == (expected, losses)


def test_a_model_with_efforts_and_a_budget_is_told_both() -> None:
    facts = ModelFacts(thinking="budget", max_output_tokens=10_000, efforts=("low", "high"))
    chosen, losses = plan(request(Reasoning(effort="low")), facts)
    assert chosen == Plan(10_000, {"type": "enabled", "budget_tokens": 2000}, "low", on=True)
    assert losses == []


@given(
    st.sampled_from([BUDGET, ModelFacts(thinking="budget"), ModelFacts(thinking="budget", max_output_tokens=1000)]),
    st.sampled_from([None, *EFFORTS]),
    st.none() | st.integers(-5, 200_000),
    st.none() | st.integers(1, 200_000),
)
def test_a_budget_is_at_least_1024_and_below_max_tokens(
    facts: ModelFacts, effort: str | None, budget: int | None, limit: int | None
) -> None:
    chosen, _ = plan(request(Reasoning("enabled", effort, budget), max_output_tokens=limit), facts)
    assert chosen.thinking is not None
    sent = chosen.thinking["budget_tokens"]
    assert isinstance(sent, int)
    assert 1024 <= sent < chosen.max_tokens
    assert chosen.max_tokens >= (limit or 0)


TURN = [
    Message("user", [Text("Weather?")]),
    Message("assistant", [Thinking("hm", "signed"), ToolCall("t", "f", "{}")]),
    Message("user", [ToolResult("t", ())]),
]
LOST = [TURN[0], Message("assistant", [Thinking("hm"), ToolCall("t", "f", "{}")]), TURN[2]]


def test_thinking_within_a_budget_goes_on_when_the_turn_with_calls_has_its_thinking() -> None:
    assert plan(request(Reasoning(effort="low"), messages=TURN), BUDGET)[0].on


def test_thinking_is_not_asked_for_when_the_turn_with_calls_lost_its_thinking() -> None:
    assert plan(request(Reasoning(effort="low"), messages=LOST), BUDGET) == (Plan(64_000), REASONING_LOST)
    assert plan(request(Reasoning(effort="low"), messages=LOST), ADAPTIVE)[0].on


def test_an_earlier_turn_may_have_lost_its_thinking() -> None:
    messages = [*LOST, Message("assistant", [Text("Sunny.")]), Message("user", [Text("And Rome?")])]
    assert plan(request(Reasoning(effort="low"), messages=messages), BUDGET)[0].on


@pytest.mark.parametrize(
    ("facts", "thinking", "asked", "sent", "lost"),
    [
        (
            UNKNOWN_MODEL,
            False,
            request(temperature=0.3, top_p=0.5, top_k=7),
            {"temperature": 0.3, "top_p": 0.5, "top_k": 7},
            [],
        ),
        (UNKNOWN_MODEL, False, request(temperature=1.7), {"temperature": 1}, [("$.temperature", "clamped")]),
        (UNKNOWN_MODEL, True, request(temperature=1, top_p=0.97), {"top_p": 0.97}, []),
        (
            UNKNOWN_MODEL,
            True,
            request(temperature=0, top_p=0.5, top_k=1),
            {},
            [("$.temperature", "dropped"), ("$.top_p", "dropped"), ("$.top_k", "dropped")],
        ),
        (ModelFacts(sampling=False), False, request(temperature=1, top_p=1), {}, []),
        (ModelFacts(sampling=False), False, request(temperature=0), {}, [("$.temperature", "dropped")]),
        (ModelFacts(temperature_or_top_p=True), False, request(temperature=0.5, top_p=1), {"temperature": 0.5}, []),
        (ModelFacts(temperature_or_top_p=True), False, request(temperature=1, top_p=0.5), {"top_p": 0.5}, []),
        (
            ModelFacts(temperature_or_top_p=True),
            False,
            request(temperature=0.5, top_p=0.5),
            {"temperature": 0.5},
            [("$.top_p", "dropped")],
        ),
    ],
)
def test_sampling_is_sent_as_far_as_the_model_takes_it(
    facts: ModelFacts, thinking: bool, asked: ChatRequest, sent: dict[str, object], lost: list[tuple[str, str]]
) -> None:
    losses = Losses(asked)
    body: dict[str, object] = {}
    write_sampling(asked, facts, Plan(100, on=thinking), body, losses)
    assert body == sent
    assert [(loss.path, loss.kind) for loss in losses.found] == lost

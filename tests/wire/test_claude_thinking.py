"""Claude's rules of thinking, wherever it is hosted; how they are written is tested with each format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import EFFORTS, ChatRequest, Reasoning
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.claude_thinking import choose_effort, is_claudes, room_beside, thinking_budget

BUDGETED = ModelFacts(max_output_tokens=8000, thinking="budget", thinking_budget=(1024, 6000))


def losses() -> Losses:
    return Losses(ChatRequest(vendor="openai_chat", paths={}, messages=[]))


@pytest.mark.parametrize(
    ("signature", "claudes"), [("EqQBCkYIBBgC+/==", True), ("gemini:EqQB", False), ("", False), (None, False)]
)
def test_signatures_of_other_vendors_are_marked(signature: str | None, claudes: bool) -> None:
    assert is_claudes(signature) is claudes


@given(st.none() | st.integers(0, 20_000), st.none() | st.sampled_from(EFFORTS), st.integers(1, 20_000))
def test_a_budget_is_in_bounds_and_told_when_it_is_not_the_one_asked_for(
    tokens: int | None, effort: str | None, longest: int
) -> None:
    found = losses()
    budget = thinking_budget(Reasoning("enabled", effort, tokens), longest, BUDGETED, found)
    assert 1024 <= budget <= 6000
    assert bool(found.found) == (tokens is not None and tokens != budget)
    assert room_beside(budget, longest, BUDGETED) > budget


@pytest.mark.parametrize(
    ("word", "chosen", "told"),
    [
        ("high", "high", []),
        ("max", "high", ["approximated"]),
        ("minimal", "low", ["approximated"]),
        ("odd", None, ["dropped"]),
    ],
)
def test_an_effort_that_the_model_lacks_becomes_the_next_lower_one(
    word: str, chosen: str | None, told: list[str]
) -> None:
    found = losses()
    assert choose_effort(word, ModelFacts(efforts=("low", "medium", "high")), found) == chosen
    assert [loss.kind for loss in found.found] == told


def test_an_effort_that_nobody_knows_is_told_where_a_budget_is_made_of_it() -> None:
    found = losses()
    facts = ModelFacts(thinking="budget", thinking_budget=(1024, 60_000))
    usual = thinking_budget(Reasoning(effort="medium"), 10_000, facts, found)
    assert thinking_budget(Reasoning(effort="ultra"), 10_000, facts, found) == usual
    assert [(loss.path, loss.kind) for loss in found.found] == [("$.reasoning", "approximated")]

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import EFFORTS, ChatRequest, Reasoning
from penstock.core.chat_format import Losses
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.gemini_generate.lower_thinking import lower_thinking, nearest

reasonings = st.builds(
    Reasoning,
    mode=st.sampled_from([None, "enabled", "disabled", "adaptive"]),
    effort=st.none() | st.sampled_from([*EFFORTS, "odd"]),
    budget_tokens=st.none() | st.integers(0, 10**6),
    show=st.sampled_from([None, True, False]),
)


def lower(reasoning: Reasoning, facts: ModelFacts) -> tuple[Any, list[str]]:
    request = ChatRequest("openai_chat", {"reasoning": "reasoning_effort"}, [], reasoning=reasoning)
    losses = Losses(request)
    return lower_thinking(request, facts, losses), [loss.kind for loss in losses.found]


@given(reasonings, st.lists(st.sampled_from(EFFORTS[1:]), min_size=1, unique=True))
def test_a_level_is_one_that_the_model_takes(reasoning: Reasoning, efforts: list[str]) -> None:
    facts = ModelFacts(thinking="level", efforts=tuple(sorted(efforts, key=EFFORTS.index)), can_stop_thinking=False)
    config, _ = lower(reasoning, facts)
    assert "thinkingBudget" not in (config or {})
    assert (config or {}).get("thinkingLevel", efforts[0].upper()).lower() in efforts


@given(reasonings, st.booleans())
def test_a_budget_is_one_that_the_model_takes(reasoning: Reasoning, can_stop: bool) -> None:
    facts = ModelFacts(thinking="budget", thinking_budget=(128, 32768), can_stop_thinking=can_stop)
    config, _ = lower(reasoning, facts)
    budget = (config or {}).get("thinkingBudget", -1)
    assert budget == -1 or 128 <= budget <= 32768 or (budget == 0 and can_stop)
    assert "thinkingLevel" not in (config or {})


@given(reasonings)
def test_a_model_that_does_not_take_it_is_told_nothing(reasoning: Reasoning) -> None:
    config, losses = lower(reasoning, UNKNOWN_MODEL)
    assert config is None
    asks = reasoning.mode in {"enabled", "adaptive"} or reasoning.effort not in {None, "none"}
    assert losses == (["dropped"] if asks else [])


@pytest.mark.parametrize(
    ("effort", "efforts", "level"),
    [
        ("medium", ("low", "high"), "high"),
        ("minimal", ("low", "high"), "low"),
        ("xhigh", ("low", "high"), "high"),
        ("max", ("low", "xhigh"), "xhigh"),
        ("low", ("minimal", "low"), "low"),
        ("odd", ("low", "high"), "high"),
    ],
)
def test_an_effort_becomes_the_nearest_that_thinks_as_much(effort: str, efforts: tuple[str, ...], level: str) -> None:
    assert nearest(effort, efforts) == level


def test_who_turns_thinking_on_sees_it_unless_told_otherwise() -> None:
    facts = ModelFacts(thinking="budget")
    assert lower(Reasoning("enabled"), facts) == ({"includeThoughts": True}, [])
    assert lower(Reasoning("enabled", show=False), facts) == ({"includeThoughts": False}, [])
    assert lower(Reasoning(None, "low"), facts) == ({"thinkingBudget": 1024}, [])


def test_an_effort_beyond_the_table_gets_the_most() -> None:
    facts = ModelFacts(thinking="budget", thinking_budget=(128, 32768))
    assert lower(Reasoning(None, "xhigh"), facts) == ({"thinkingBudget": 32768}, ["approximated"])

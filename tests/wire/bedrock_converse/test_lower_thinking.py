"""Thinking, lengths and sampling beyond the vectors, by the facts of the model."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.core.chat import Reasoning
from penstock.core.model_facts import ModelFacts
from tests.wire.bedrock_converse.lowering import Lost, lower

ADAPTIVE = ModelFacts(thinking="adaptive", efforts=("low", "high"))
ALWAYS = ModelFacts(thinking="adaptive", efforts=("low", "high"), can_stop_thinking=False, sampling=False)
BUDGET = ModelFacts(thinking="budget", max_output_tokens=64000, thinking_budget=(1024, 32000))
WORDS = ModelFacts(thinking="level", efforts=("low", "medium", "high"))
WITH_NONE = ModelFacts(thinking="level", efforts=("none", "high", "max"))
NEVER_OFF = ModelFacts(thinking="level", efforts=("low", "high"), can_stop_thinking=False)
APPROXIMATED = [("$.reasoning", "approximated")]
DROPPED = [("$.reasoning", "dropped")]
GPT = "openai.gpt-6-luna"
KIMI = "moonshot.kimi-k2-thinking"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1"


@pytest.mark.parametrize(
    ("asked", "facts", "model", "fields", "effort", "losses"),
    [
        (Reasoning("disabled"), BUDGET, PROFILE, None, None, []),
        (Reasoning("disabled"), ALWAYS, PROFILE, None, "low", APPROXIMATED),
        (Reasoning(effort="none"), ADAPTIVE, PROFILE, {"thinking": {"type": "disabled"}}, None, []),
        (Reasoning("adaptive", "xhigh"), ADAPTIVE, PROFILE, {"thinking": {"type": "adaptive"}}, "high", APPROXIMATED),
        (
            Reasoning("enabled", budget_tokens=9),
            ADAPTIVE,
            PROFILE,
            {"thinking": {"type": "adaptive"}},
            None,
            APPROXIMATED,
        ),
        (Reasoning("enabled", effort="odd"), ADAPTIVE, PROFILE, {"thinking": {"type": "adaptive"}}, None, DROPPED),
        (
            Reasoning("adaptive", show=True),
            BUDGET,
            PROFILE,
            {"thinking": {"type": "enabled", "budget_tokens": 32000, "display": "summarized"}},
            None,
            APPROXIMATED,
        ),
        (Reasoning(effort="none"), WITH_NONE, GPT, {"reasoning": {"effort": "none"}}, None, []),
        (Reasoning(effort="xhigh"), WITH_NONE, GPT, {"reasoning": {"effort": "high"}}, None, APPROXIMATED),
        (Reasoning(effort="low"), WITH_NONE, GPT, {"reasoning": {"effort": "high"}}, None, APPROXIMATED),
        (Reasoning("disabled"), WORDS, KIMI, None, None, []),
        (Reasoning("disabled"), NEVER_OFF, KIMI, {"reasoning_effort": "low"}, None, APPROXIMATED),
        (Reasoning("enabled"), WORDS, KIMI, {"reasoning_effort": "medium"}, None, []),
        (Reasoning(budget_tokens=50000), WORDS, KIMI, {"reasoning_effort": "high"}, None, APPROXIMATED),
        (Reasoning(effort="odd"), WORDS, KIMI, None, None, DROPPED),
        (Reasoning(effort="high"), ModelFacts(), KIMI, None, None, DROPPED),
        (Reasoning(effort="none"), ModelFacts(), KIMI, None, None, []),
        (Reasoning(effort="high"), ModelFacts(efforts=("low",)), KIMI, None, "low", APPROXIMATED),
        (Reasoning(), BUDGET, PROFILE, None, None, []),
    ],
)
def test_thinking_is_asked_for_as_the_model_takes_it(
    *, asked: Reasoning, facts: ModelFacts, model: str, fields: Any, effort: str | None, losses: Lost
) -> None:
    body, lost = lower(reasoning=asked, facts=facts, model=model)
    assert body.get("additionalModelRequestFields") == fields
    assert body.get("outputConfig", {}).get("effort") == effort
    assert lost == losses


@pytest.mark.parametrize(
    ("facts", "asked", "sent", "losses"),
    [
        (ModelFacts(), {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5, "topP": 0.5}, []),
        (ModelFacts(sampling=False), {"temperature": 1, "top_p": 1}, None, []),
        (
            ModelFacts(sampling=False),
            {"temperature": 0, "top_p": 0.9, "top_k": 4},
            None,
            [("$.temperature", "dropped"), ("$.top_p", "dropped"), ("$.top_k", "dropped")],
        ),
        (ModelFacts(temperature_or_top_p=True), {"temperature": 0.5, "top_p": 1}, {"temperature": 0.5}, []),
        (ModelFacts(temperature_or_top_p=True), {"temperature": 1, "top_p": 0.5}, {"topP": 0.5}, []),
        (
            ModelFacts(temperature_or_top_p=True),
            {"temperature": 0, "top_p": 0.5},
            {"temperature": 0},
            [("$.top_p", "dropped")],
        ),
        (ALWAYS, {"temperature": 0.5}, None, [("$.temperature", "dropped")]),
    ],
)
def test_sampling_is_what_the_model_takes(
    facts: ModelFacts, asked: dict[str, Any], sent: dict[str, float] | None, losses: Lost
) -> None:
    body, lost = lower(facts=facts, **asked)
    assert body.get("inferenceConfig") == sent
    assert lost == losses


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("mistral.mistral-large-2407-v1:0", {"top_k": 4}),
        ("cohere.command-r-v1:0", {"k": 4}),
        ("amazon.nova-pro-v1:0", {"inferenceConfig": {"topK": 4}}),
    ],
)
def test_top_k_stands_where_the_family_reads_it(model: str, fields: dict[str, object]) -> None:
    body, lost = lower(model=model, top_k=4)
    assert (body["additionalModelRequestFields"], lost) == (fields, [])

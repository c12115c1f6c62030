"""How much the model is to think, how long the answer may be, and which sampling that leaves: one decision.

Converse itself has only an effort (``outputConfig``); the rest are members of each family's own in
``additionalModelRequestFields``: Claude's ``thinking``, Nova's ``reasoningConfig``, OpenAI's ``reasoning.effort``, and
``reasoning_effort`` of open-weight models. Which model takes what is a row of data (``ModelFacts``).
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html,
.../nova/latest/nova2-userguide/extended-thinking.html (read 2026-11-23): Claude thinks with temperature 1 only; Nova at
high effort takes no temperature, topP and maxTokens.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import Reasoning
from penstock.wire.bedrock_converse.vocabulary import (
    TOP_K_MEMBERS,
    reasoning_shape,
)
from penstock.wire.bedrock_converse.writing import Json, Writing
from penstock.wire.claude_thinking import (
    LEAST_TOP_P,
    choose_effort,
    room_beside,
    shown,
    thinking_budget,
    tool_turn_lost_its_thinking,
)
from penstock.wire.sampling import fit_sampling, report_sampling

_MEDIUM_BUDGET, _HIGH_BUDGET = 4096, 16384
"""From these budgets (tokens) on, a model that knows only words is asked for medium and for high effort."""


class Plan(msgspec.Struct, frozen=True, gc=False):
    """``max_tokens`` None says nothing: the model's own limit. ``on``: the model thinks in this answer."""

    max_tokens: int | None
    effort: str | None = None
    """For ``outputConfig.effort``."""
    on: bool = False
    bare: bool = False
    """Sampling cannot be said beside this thinking."""


def plan_thinking(writing: Writing) -> Plan:
    """Decide on thinking, effort and the longest answer; the model's own fields go into ``model_fields``."""
    request, facts = writing.request, writing.facts
    limit = request.max_output_tokens
    always = facts.thinking == "adaptive" and not facts.can_stop_thinking
    asked = request.reasoning
    if asked is None or asked == Reasoning():
        return Plan(limit, on=always, bare=always)
    off = asked.mode == "disabled" or (asked.mode is None and asked.effort == "none")
    if facts.thinking == "level":
        return _off_by_level(limit, writing) if off else _by_level(asked, limit, writing)
    if off:
        return _off(limit, writing)
    if facts.thinking == "adaptive":
        return _adaptive(asked, limit, writing)
    if facts.thinking == "budget":
        return _with_budget(asked, limit, writing)
    effort = choose_effort(asked.effort, writing.facts, writing.losses)
    if effort is None or asked.mode is not None:
        writing.losses.field("reasoning", "this model is not known to think")
    return Plan(limit, effort)


# --- Claude


def _off(limit: int | None, writing: Writing) -> Plan:
    facts = writing.facts
    if facts.thinking != "adaptive":
        return Plan(limit)  # without being asked these do not think
    if facts.can_stop_thinking:
        writing.model_fields["thinking"] = {"type": "disabled"}
        return Plan(limit)
    writing.losses.field("reasoning", "this model always thinks; it is asked to think least", "approximated")
    return Plan(limit, facts.efforts[0] if facts.efforts else None, on=True, bare=True)


def _adaptive(asked: Reasoning, limit: int | None, writing: Writing) -> Plan:
    if asked.budget_tokens is not None:
        writing.losses.field(
            "reasoning", "this model takes no thinking budget; it thinks as it sees fit", "approximated"
        )
    writing.model_fields["thinking"] = shown({"type": "adaptive"}, asked)
    return Plan(limit, choose_effort(asked.effort, writing.facts, writing.losses), on=True, bare=True)


def _with_budget(asked: Reasoning, limit: int | None, writing: Writing) -> Plan:
    facts, losses = writing.facts, writing.losses
    effort = choose_effort(asked.effort, facts, losses) if facts.efforts else None
    if tool_turn_lost_its_thinking(writing.request.messages):
        losses.field("reasoning", "the turn that called tools came back without its signed thinking")
        return Plan(limit, effort)
    longest = facts.max_output_tokens if limit is None else limit
    budget = thinking_budget(asked, longest, facts, losses)
    if budget >= longest:
        if limit is not None:
            losses.field("max_output_tokens", "must be greater than the thinking budget: raised", "clamped")
        limit = room_beside(budget, longest, facts)
    writing.model_fields["thinking"] = shown({"type": "enabled", "budget_tokens": budget}, asked)
    return Plan(limit, effort, on=True, bare=True)


# --- models that take a word


def _off_by_level(limit: int | None, writing: Writing) -> Plan:
    facts = writing.facts
    if "none" in facts.efforts:
        _say_level("none", writing)
    elif not facts.can_stop_thinking:
        writing.losses.field("reasoning", "this model always thinks; it is asked to think least", "approximated")
        if facts.efforts:
            _say_level(facts.efforts[0], writing)
        return Plan(limit, on=True)
    return Plan(limit)


def _by_level(asked: Reasoning, limit: int | None, writing: Writing) -> Plan:
    word = asked.effort
    if word is None:
        budget = asked.budget_tokens or _MEDIUM_BUDGET
        word = "low" if budget < _MEDIUM_BUDGET else "medium" if budget < _HIGH_BUDGET else "high"
        if asked.budget_tokens is not None:
            writing.losses.field("reasoning", "this model takes an effort, not a thinking budget", "approximated")
    level = choose_effort(word, writing.facts, writing.losses)
    if level is None:
        return Plan(limit)
    bare = False
    if reasoning_shape(writing.model) == "reasoningConfig" and level == "high":
        bare = limit is None
        if not bare:
            writing.losses.field("reasoning", "high effort takes no limit of tokens beside it: medium", "approximated")
            level = "medium"
    _say_level(level, writing)
    return Plan(limit, on=True, bare=bare)


def _say_level(level: str, writing: Writing) -> None:
    match reasoning_shape(writing.model):
        case "reasoningConfig":
            writing.model_fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": level}
        case "reasoning.effort":
            writing.model_fields["reasoning"] = {"effort": level}
        case "reasoning_effort":
            writing.model_fields["reasoning_effort"] = level


# --- sampling


def write_sampling(inference: Json, writing: Writing, plan: Plan) -> None:
    """Write the members of ``inferenceConfig`` for temperature and top_p; top_k goes into ``model_fields``."""
    request, facts = writing.request, writing.facts
    if not facts.sampling:
        report_sampling(request, writing.losses, "this model takes no sampling parameters")
        return
    if plan.bare:
        claude = facts.thinking in {"budget", "adaptive"}
        kept = request.top_p if claude and request.top_p is not None and request.top_p >= LEAST_TOP_P else None
        report_sampling(request, writing.losses, "cannot be combined with thinking", top_p=kept is None)
        if kept is not None:
            inference["topP"] = kept
        return
    temperature, top_p = request.temperature, request.top_p
    if temperature is not None and (temperature > 1 or top_p is not None):
        temperature, top_p = fit_sampling(temperature, top_p, facts, writing.losses)
    if temperature is not None:
        inference["temperature"] = temperature
    if top_p is not None:
        inference["topP"] = top_p
    if request.top_k is not None:
        _write_top_k(request.top_k, writing)


def _write_top_k(top_k: int, writing: Writing) -> None:
    members = TOP_K_MEMBERS.get(writing.vendor)
    if members is None:
        writing.losses.field("top_k", "this model is not known to take it")
        return
    value: object = top_k
    for member in reversed(members[1:]):
        value = {member: value}
    writing.model_fields[members[0]] = value

"""How much the model is to think, how long the answer may be, and which sampling that leaves: one decision.

The three hang together. ``budget_tokens`` must be at least 1024 and below ``max_tokens``; with thinking on, temperature
must be 1, top_k absent and top_p at least 0.95; newer models think as they see fit (``adaptive``, with an effort in
``output_config``), some cannot stop thinking, and those take no sampling parameters at all.
https://platform.claude.com/docs/en/build-with-claude/thinking and .../effort (read 2026-11-23). Which model takes what
is a row of data (``ModelFacts``), never a name in here.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest, Reasoning
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.claude_thinking import (
    LEAST_TOP_P,
    choose_effort,
    room_beside,
    shown,
    thinking_budget,
    tool_turn_lost_its_thinking,
)
from penstock.wire.sampling import fit_sampling, report_sampling


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What is sent about thinking and lengths. ``on``: the model thinks because of this request, or always."""

    max_tokens: int
    thinking: dict[str, object] | None = None
    effort: str | None = None
    on: bool = False


def plan_thinking(request: ChatRequest, facts: ModelFacts, losses: Losses) -> Plan:
    """Decide on thinking, effort and ``max_tokens``; what the model cannot do is reported."""
    limit = facts.max_output_tokens if request.max_output_tokens is None else request.max_output_tokens
    always = facts.thinking == "adaptive" and not facts.can_stop_thinking
    asked = request.reasoning
    if asked is None or asked == Reasoning():
        return Plan(limit, on=always)
    if asked.mode == "disabled" or (asked.mode is None and asked.effort == "none"):
        return _without(facts, limit, losses)
    if facts.thinking == "adaptive":
        return _adaptive(asked, facts, limit, losses)
    if facts.thinking == "budget":
        return _with_budget(request, asked, facts, limit, losses)
    effort = choose_effort(asked.effort, facts, losses)
    if effort is None or asked.mode is not None:
        losses.field("reasoning", "this model is not known to think")
    return Plan(limit, effort=effort)


def _without(facts: ModelFacts, limit: int, losses: Losses) -> Plan:
    if facts.thinking != "adaptive":
        return Plan(limit)  # without being asked these do not think
    if facts.can_stop_thinking:
        return Plan(limit, {"type": "disabled"})
    losses.field("reasoning", "this model always thinks; it is asked to think least", "approximated")
    return Plan(limit, effort=facts.efforts[0] if facts.efforts else None, on=True)


def _adaptive(asked: Reasoning, facts: ModelFacts, limit: int, losses: Losses) -> Plan:
    if asked.budget_tokens is not None:
        losses.field("reasoning", "this model takes no thinking budget; it thinks as it sees fit", "approximated")
    if asked.effort is not None and not facts.efforts:
        losses.field("reasoning", "this model takes no effort; it thinks as it sees fit", "approximated")
    return Plan(limit, shown({"type": "adaptive"}, asked), choose_effort(asked.effort, facts, losses), on=True)


def _with_budget(request: ChatRequest, asked: Reasoning, facts: ModelFacts, limit: int, losses: Losses) -> Plan:
    effort = choose_effort(asked.effort, facts, losses) if facts.efforts else None
    if tool_turn_lost_its_thinking(request.messages):
        losses.field("reasoning", "the turn that called tools came back without its signed thinking")
        return Plan(limit, effort=effort)
    budget = thinking_budget(asked, limit, facts, losses)
    if budget >= limit:
        losses.field("max_output_tokens", "must be greater than the thinking budget: raised", "clamped")
        limit = room_beside(budget, limit, facts)
    return Plan(limit, shown({"type": "enabled", "budget_tokens": budget}, asked), effort, on=True)


def write_sampling(
    request: ChatRequest, facts: ModelFacts, plan: Plan, body: dict[str, object], losses: Losses
) -> None:
    """Write the members for temperature, top_p and top_k that the model takes."""
    temperature, top_p, top_k = request.temperature, request.top_p, request.top_k
    if not facts.sampling:
        report_sampling(request, losses, "this model takes no sampling parameters")
        return
    if plan.on:
        keeps_top_p = top_p is not None and top_p >= LEAST_TOP_P
        report_sampling(request, losses, "cannot be combined with thinking", top_p=not keeps_top_p)
        if keeps_top_p:
            body["top_p"] = top_p
        return
    if temperature is not None and (temperature > 1 or top_p is not None):
        temperature, top_p = fit_sampling(temperature, top_p, facts, losses)
    if temperature is not None:
        body["temperature"] = temperature
    if top_p is not None:
        body["top_p"] = top_p
    if top_k is not None:
        body["top_k"] = top_k

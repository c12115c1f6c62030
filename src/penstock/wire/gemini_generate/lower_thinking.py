"""How much the model is to think, as Gemini's ``thinkingConfig``.

Gemini 3 and later take a level by name and cannot be kept from thinking; Gemini 2.5 takes a budget in tokens. A word
or a budget that the model does not take becomes the nearest that thinks at least as much, else the most it can do.
https://ai.google.dev/gemini-api/docs/thinking and .../docs/openai (read 2026-11-23). Which model takes what stands in
``ModelFacts``.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.core.chat import EFFORTS, ChatRequest, Reasoning
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.vocabulary import BUDGETS, takes_levels

Object = dict[str, object]

_AS_IT_SEES_FIT = -1


def lower_thinking(request: ChatRequest, facts: ModelFacts, losses: Losses) -> Object | None:
    """Return ``thinkingConfig``; None when nothing is to be said."""
    reasoning = request.reasoning
    if reasoning is None:
        return None
    if facts.thinking not in {"level", "budget"}:
        if _asks_to_think(reasoning):
            losses.field("reasoning", "this model does not take how much to think")
        return None
    config = (_level if takes_levels(facts) else _budget)(reasoning, facts, losses)
    show = reasoning.show
    if show is None and reasoning.mode in {"enabled", "adaptive"}:
        show = True  # who turns thinking on by Anthropic's words is used to read it
    if show is not None:
        config["includeThoughts"] = show
    return config or None


def _asks_to_think(reasoning: Reasoning) -> bool:
    return reasoning.mode in {"enabled", "adaptive"} or reasoning.effort not in {None, "none"}


def _stops(reasoning: Reasoning) -> bool:
    return reasoning.mode == "disabled" or reasoning.effort == "none"


def _level(reasoning: Reasoning, facts: ModelFacts, losses: Losses) -> Object:
    if not facts.efforts:
        return {}
    if _stops(reasoning):
        losses.field("reasoning", "this model always thinks: it gets the least level", "approximated")
        return {"thinkingLevel": facts.efforts[0].upper()}
    effort = reasoning.effort
    if effort is None and reasoning.budget_tokens is not None:
        effort = next((word for word, budget in BUDGETS.items() if 0 < reasoning.budget_tokens <= budget), "high")
        losses.field("reasoning", "this model takes a level, not a budget", "approximated")
    if effort is None:
        return {}
    level = nearest(effort, facts.efforts)
    if level != effort and reasoning.effort is not None:
        losses.field("reasoning", f"this model does not take {effort}: {level} instead", "approximated")
    return {"thinkingLevel": level.upper()}


def nearest(effort: str, efforts: Sequence[str]) -> str:
    """Return the least of ``efforts`` that is at least ``effort``, else the most; a word nobody knows gets the most."""
    wanted = EFFORTS.index(effort) if effort in EFFORTS else len(EFFORTS)
    return next((word for word in efforts if word in EFFORTS and EFFORTS.index(word) >= wanted), efforts[-1])


def _budget(reasoning: Reasoning, facts: ModelFacts, losses: Losses) -> Object:
    least, most = facts.thinking_budget or (0, BUDGETS["high"])
    if _stops(reasoning):
        if facts.can_stop_thinking:
            return {"thinkingBudget": 0}
        losses.field("reasoning", "this model always thinks: it gets the least budget", "approximated")
        return {"thinkingBudget": least}
    if reasoning.budget_tokens is not None:
        budget = min(max(reasoning.budget_tokens, least), most)
        if budget != reasoning.budget_tokens:
            losses.field("reasoning", f"this model takes a budget of {least} to {most} tokens", "clamped")
        return {"thinkingBudget": budget}
    if reasoning.effort is None:
        return {"thinkingBudget": _AS_IT_SEES_FIT} if reasoning.mode == "adaptive" else {}
    known = BUDGETS.get(reasoning.effort)
    if known is None:
        losses.field("reasoning", "no budget is defined for this effort: the model gets its most", "approximated")
    return {"thinkingBudget": min(max(known or most, least), most)}

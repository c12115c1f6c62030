"""How much the model is to think, how long the answer may be, and which sampling that leaves: one decision.

The three hang together. ``budget_tokens`` must be at least 1024 and below ``max_tokens``; with thinking on, temperature
must be 1, top_k absent and top_p at least 0.95; newer models think as they see fit (``adaptive``, with an effort in
``output_config``), some cannot stop thinking, and those take no sampling parameters at all.
https://platform.claude.com/docs/en/build-with-claude/thinking and .../effort (read 2026-11-23). Which model takes what
is a row of data (``ModelFacts``), never a name in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from penstock.core.chat import ChatRequest, Message, Reasoning, RedactedThinking, Thinking, ToolCall
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.anthropic_messages.vocabulary import LEAST_THINKING_TOKENS
from penstock.wire.claude_signatures import is_claudes

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Words of effort that callers use, least first."""

BUDGET_SHARES: Mapping[str, float] = MappingProxyType(
    {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8, "xhigh": 0.9, "max": 0.95}
)
"""Share of ``max_tokens`` that a model with a thinking budget may think, by effort."""

_LEAST_TOP_P = 0.95


class Plan(NamedTuple):
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
    effort = _effort(asked.effort, facts, losses)
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
    return Plan(limit, _shown({"type": "adaptive"}, asked), _effort(asked.effort, facts, losses), on=True)


def _with_budget(request: ChatRequest, asked: Reasoning, facts: ModelFacts, limit: int, losses: Losses) -> Plan:
    effort = _effort(asked.effort, facts, losses) if facts.efforts else None
    if _tool_turn_lost_its_thinking(request.messages):
        losses.field("reasoning", "the turn that called tools came back without its signed thinking")
        return Plan(limit, effort=effort)
    if asked.mode == "adaptive":
        losses.field("reasoning", "this model thinks within a budget, not as it sees fit", "approximated")
    least, most = facts.thinking_budget or (LEAST_THINKING_TOKENS, max(LEAST_THINKING_TOKENS, facts.max_output_tokens))
    if asked.budget_tokens is None:
        wanted = int(limit * BUDGET_SHARES.get(asked.effort or "medium", BUDGET_SHARES["medium"]))
        budget = min(max(wanted, least), most)
    else:
        budget = min(max(asked.budget_tokens, least), most)
        if budget != asked.budget_tokens:
            losses.field("reasoning", f"the thinking budget must be {least} to {most} tokens", "clamped")
    if budget >= limit:
        raised = max(budget + 1, min(budget + max(limit, 1), facts.max_output_tokens))
        losses.field("max_output_tokens", "must be greater than the thinking budget: raised", "clamped")
        limit = raised
    return Plan(limit, _shown({"type": "enabled", "budget_tokens": budget}, asked), effort, on=True)


def _shown(thinking: dict[str, object], asked: Reasoning) -> dict[str, object]:
    if asked.show is not None:
        thinking["display"] = "summarized" if asked.show else "omitted"
    return thinking


def _effort(word: str | None, facts: ModelFacts, losses: Losses) -> str | None:
    """Return the word itself, or the next lower one that the model takes, or the least."""
    if word is None or word == "none" or word in facts.efforts:
        return None if word == "none" else word
    if not facts.efforts:
        return None
    if word not in EFFORTS:
        losses.field("reasoning", "the model takes the efforts " + ", ".join(facts.efforts))
        return None
    rank = EFFORTS.index(word)
    lower = [known for known in facts.efforts if known in EFFORTS and EFFORTS.index(known) <= rank]
    chosen = lower[-1] if lower else facts.efforts[0]
    losses.field("reasoning", f"the model takes the efforts {', '.join(facts.efforts)}", "approximated")
    return chosen


def _tool_turn_lost_its_thinking(messages: list[Message]) -> bool:
    """Say whether the last turn of the assistant called tools and does not begin with thinking that is signed.

    A model with a thinking budget is then refused thinking ("must start with a thinking block").
    """
    turn: list[Message] = []
    for message in reversed(messages):
        if message.role == "assistant":
            turn.append(message)
        elif turn and message.role == "user":
            break
    blocks = [block for message in reversed(turn) for block in message.blocks]
    if not any(isinstance(block, ToolCall) for block in blocks):
        return False
    return not any(
        isinstance(block, RedactedThinking) or (isinstance(block, Thinking) and is_claudes(block.signature))
        for block in blocks
    )


def sampling(request: ChatRequest, facts: ModelFacts, plan: Plan, losses: Losses) -> dict[str, object]:
    """Return the members for temperature, top_p and top_k that the model takes."""
    temperature, top_p, top_k = request.temperature, request.top_p, request.top_k
    if not facts.sampling:
        return _refused(request, losses, "this model takes no sampling parameters")
    if plan.on:
        kept_top_p = None if top_p is None or top_p < _LEAST_TOP_P else top_p
        _refused(request, losses, "cannot be combined with thinking", spare=() if kept_top_p is None else ("top_p",))
        return {} if kept_top_p is None else {"top_p": kept_top_p}
    chosen: dict[str, object] = {}
    if temperature is not None and temperature > 1:
        losses.field("temperature", "this provider takes 0 to 1", "clamped")
        temperature = 1.0
    if facts.temperature_or_top_p and temperature is not None and top_p is not None:
        if top_p == 1:
            top_p = None
        elif temperature == 1:
            temperature = None
        else:
            losses.field("top_p", "this model takes temperature or top_p, not both")
            top_p = None
    if temperature is not None:
        chosen["temperature"] = temperature
    if top_p is not None:
        chosen["top_p"] = top_p
    if top_k is not None:
        chosen["top_k"] = top_k
    return chosen


def _refused(request: ChatRequest, losses: Losses, why: str, *, spare: tuple[str, ...] = ()) -> dict[str, object]:
    """Report what was asked for beyond the defaults."""
    if request.temperature not in {None, 1}:
        losses.field("temperature", why)
    if request.top_p not in {None, 1} and "top_p" not in spare:
        losses.field("top_p", why)
    if request.top_k is not None:
        losses.field("top_k", why)
    return {}

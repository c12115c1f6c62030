"""How much the model is to think, how long the answer may be, and which sampling that leaves: one decision.

Converse itself has only an effort (``outputConfig``); the rest are members of each family's own in
``additionalModelRequestFields``: Claude's ``thinking``, Nova's ``reasoningConfig``, OpenAI's ``reasoning.effort``, and
``reasoning_effort`` of open-weight models. Which model takes what is a row of data (``ModelFacts``).
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html,
.../nova/latest/nova2-userguide/extended-thinking.html (read 2026-11-23): Claude thinks with temperature 1 only; Nova at
high effort takes no temperature, topP and maxTokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from penstock.core.chat import Message, Reasoning, RedactedThinking, Thinking, ToolCall
from penstock.wire.bedrock_converse.vocabulary import (
    LEAST_THINKING_TOKENS,
    TOP_K_MEMBERS,
    reasoning_shape,
)
from penstock.wire.bedrock_converse.writing import Json, Writing
from penstock.wire.claude_signatures import is_claudes

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Words of effort that callers use, least first."""

BUDGET_SHARES: Mapping[str, float] = MappingProxyType(
    {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8, "xhigh": 0.9, "max": 0.95}
)
"""Share of the longest answer that a model with a thinking budget may think, by effort."""

_MEDIUM_BUDGET, _HIGH_BUDGET = 4096, 16384
"""From these budgets (tokens) on, a model that knows only words is asked for medium and for high effort."""
_LEAST_TOP_P = 0.95


class Plan(NamedTuple):
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
    effort = _effort(asked.effort, writing)
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
    writing.model_fields["thinking"] = _shown({"type": "adaptive"}, asked)
    return Plan(limit, _effort(asked.effort, writing), on=True, bare=True)


def _with_budget(asked: Reasoning, limit: int | None, writing: Writing) -> Plan:
    facts = writing.facts
    effort = _effort(asked.effort, writing) if facts.efforts else None
    if _tool_turn_lost_its_thinking(writing.request.messages):
        writing.losses.field("reasoning", "the turn that called tools came back without its signed thinking")
        return Plan(limit, effort)
    if asked.mode == "adaptive":
        writing.losses.field("reasoning", "this model thinks within a budget, not as it sees fit", "approximated")
    longest = facts.max_output_tokens if limit is None else limit
    least, most = facts.thinking_budget or (LEAST_THINKING_TOKENS, max(LEAST_THINKING_TOKENS, facts.max_output_tokens))
    if asked.budget_tokens is None:
        wanted = int(longest * BUDGET_SHARES.get(asked.effort or "medium", BUDGET_SHARES["medium"]))
        budget = min(max(wanted, least), most)
    else:
        budget = min(max(asked.budget_tokens, least), most)
        if budget != asked.budget_tokens:
            writing.losses.field("reasoning", f"the thinking budget must be {least} to {most} tokens", "clamped")
    if budget >= longest:
        raised = max(budget + 1, min(budget + max(longest, 1), facts.max_output_tokens))
        if limit is not None:
            writing.losses.field("max_output_tokens", "must be greater than the thinking budget: raised", "clamped")
        limit = raised
    writing.model_fields["thinking"] = _shown({"type": "enabled", "budget_tokens": budget}, asked)
    return Plan(limit, effort, on=True, bare=True)


def _shown(thinking: Json, asked: Reasoning) -> Json:
    if asked.show is not None:
        thinking["display"] = "summarized" if asked.show else "omitted"
    return thinking


def _tool_turn_lost_its_thinking(messages: list[Message]) -> bool:
    """Say whether the last turn of the assistant called tools and has no thinking that is signed.

    A model with a thinking budget then refuses to think.
    """
    turn: list[Message] = []
    for message in reversed(messages):
        if message.role == "assistant":
            turn.append(message)
        elif turn and message.role == "user":
            break
    blocks = [block for message in turn for block in message.blocks]
    return any(isinstance(block, ToolCall) for block in blocks) and not any(
        isinstance(block, RedactedThinking) or (isinstance(block, Thinking) and is_claudes(block.signature))
        for block in blocks
    )


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
    level = _effort(word, writing)
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


def _effort(word: str | None, writing: Writing) -> str | None:
    """Return the word itself, or the next lower one that the model takes, or the least."""
    known = writing.facts.efforts
    if word is None or word == "none" or not known:
        return None
    if word in known:
        return word
    why = f"the model takes the efforts {', '.join(known)}"
    if word not in EFFORTS:
        writing.losses.field("reasoning", why)
        return None
    rank = EFFORTS.index(word)
    lower = [effort for effort in known if effort in EFFORTS and 0 < EFFORTS.index(effort) <= rank]
    writing.losses.field("reasoning", why, "approximated")
    return lower[-1] if lower else next((effort for effort in known if effort != "none"), known[0])


# --- sampling


def sampling(writing: Writing, plan: Plan) -> Json:
    """Return the members of ``inferenceConfig`` for temperature and top_p; top_k goes into ``model_fields``."""
    request, facts = writing.request, writing.facts
    if not facts.sampling:
        _report_sampling(writing, "this model takes no sampling parameters")
        return {}
    claude = facts.thinking in {"budget", "adaptive"}
    if plan.bare:
        kept = request.top_p if claude and request.top_p is not None and request.top_p >= _LEAST_TOP_P else None
        _report_sampling(writing, "cannot be combined with thinking", top_p=kept is None)
        return {} if kept is None else {"topP": kept}
    chosen: Json = {}
    temperature, top_p = request.temperature, request.top_p
    if temperature is not None and temperature > 1:
        writing.losses.field("temperature", "this provider takes 0 to 1", "clamped")
        temperature = 1.0
    if facts.temperature_or_top_p and temperature is not None and top_p is not None:
        if top_p == 1:
            top_p = None
        elif temperature == 1:
            temperature = None
        else:
            writing.losses.field("top_p", "this model takes temperature or top_p, not both")
            top_p = None
    if temperature is not None:
        chosen["temperature"] = temperature
    if top_p is not None:
        chosen["topP"] = top_p
    if request.top_k is not None:
        _write_top_k(request.top_k, writing)
    return chosen


def _report_sampling(writing: Writing, why: str, *, top_p: bool = True) -> None:
    """Report what was asked for beyond the defaults."""
    request = writing.request
    if request.temperature not in {None, 1}:
        writing.losses.field("temperature", why)
    if request.top_p not in {None, 1} and top_p:
        writing.losses.field("top_p", why)
    if request.top_k is not None:
        writing.losses.field("top_k", why)


def _write_top_k(top_k: int, writing: Writing) -> None:
    members = TOP_K_MEMBERS.get(writing.vendor)
    if members is None:
        writing.losses.field("top_k", "this model is not known to take it")
        return
    value: object = top_k
    for member in reversed(members[1:]):
        value = {member: value}
    writing.model_fields[members[0]] = value

"""Claude's rules of thinking that hold wherever Claude is hosted: budgets, efforts, signatures.

Anthropic's own format and Converse write them down differently, and each decides for itself what it sends; which model
takes a budget, an effort or neither is a row of data (``ModelFacts``).
https://platform.claude.com/docs/en/build-with-claude/thinking and .../effort (read 2026-11-23).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.chat import EFFORTS, Message, Reasoning, RedactedThinking, Thinking, ToolCall
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts

LEAST_THINKING_TOKENS = 1024
LEAST_TOP_P = 0.95
"""Beside thinking."""
BUDGET_SHARES: Mapping[str, float] = MappingProxyType(
    {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8, "xhigh": 0.9, "max": 0.95}
)
"""Share of the longest answer that a model with a thinking budget may think, by effort."""
_USUAL_EFFORT = "medium"
_MARKED = re.compile(r"[a-z_]{1,30}:")


def is_claudes(signature: str | None) -> bool:
    """Say whether Claude signed thinking with this signature.

    Its signatures are base64. Those of other vendors, which callers carry for us, are marked ``vendor:``, and Claude's
    API refuses them.
    """
    return bool(signature) and _MARKED.match(signature or "") is None


def tool_turn_lost_its_thinking(messages: list[Message]) -> bool:
    """Say whether the last turn of the assistant called tools and has no thinking that is signed.

    A model with a thinking budget then refuses to think ("must start with a thinking block").
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


def thinking_budget(asked: Reasoning, longest: int, facts: ModelFacts, losses: Losses) -> int:
    """Return the budget in tokens: the one asked for, or the effort's share of the ``longest`` answer; in bounds."""
    if asked.mode == "adaptive":
        losses.field("reasoning", "this model thinks within a budget, not as it sees fit", "approximated")
    least, most = facts.thinking_budget or (LEAST_THINKING_TOKENS, max(LEAST_THINKING_TOKENS, facts.max_output_tokens))
    if asked.budget_tokens is None:
        effort = asked.effort or _USUAL_EFFORT
        if effort not in EFFORTS and not facts.efforts:
            losses.field("reasoning", f"no effort that is known: as {_USUAL_EFFORT}", "approximated")
        wanted = int(longest * BUDGET_SHARES.get(effort, BUDGET_SHARES[_USUAL_EFFORT]))
        return min(max(wanted, least), most)
    budget = min(max(asked.budget_tokens, least), most)
    if budget != asked.budget_tokens:
        losses.field("reasoning", f"the thinking budget must be {least} to {most} tokens", "clamped")
    return budget


def room_beside(budget: int, longest: int, facts: ModelFacts) -> int:
    """Return a limit of the answer that is greater than the budget, as it must be."""
    return max(budget + 1, min(budget + max(longest, 1), facts.max_output_tokens))


def shown(thinking: dict[str, object], asked: Reasoning) -> dict[str, object]:
    """Say in ``thinking`` whether the caller wants to see it, where it did say so."""
    if asked.show is not None:
        thinking["display"] = "summarized" if asked.show else "omitted"
    return thinking


def choose_effort(word: str | None, facts: ModelFacts, losses: Losses) -> str | None:
    """Return the word itself, or the next lower one that the model takes, or the least; None where it takes none."""
    known = facts.efforts
    if word is None or word == "none" or not known:
        return None
    if word in known:
        return word
    why = f"the model takes the efforts {', '.join(known)}"
    if word not in EFFORTS:
        losses.field("reasoning", why)
        return None
    rank = EFFORTS.index(word)
    lower = [effort for effort in known if effort in EFFORTS and 0 < EFFORTS.index(effort) <= rank]
    losses.field("reasoning", why, "approximated")
    return lower[-1] if lower else next((effort for effort in known if effort != "none"), known[0])

"""A conversation of Anthropic's format, read into turns; what Anthropic refuses in a conversation is refused.

Checked: who begins, that no turn is empty, that results of tools come right after their calls and first in their turn,
and, while the model thinks within a budget, that its last turn still begins with the thought (a model that thinks as
it sees fit need not have thought). Turns of one role in a row are one.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/extended-thinking and
.../agents-and-tools/tool-use/implement-tool-use (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

from penstock.simulator.anthropic.blocks import read_blocks
from penstock.simulator.conversation import Message
from penstock.simulator.native import only, refuse
from penstock.simulator.prompt_cache import Prefix
from penstock.simulator.request_fields import Fields
from penstock.simulator.turns import Block, Turn, as_messages

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "user": ("text", "image", "document", "search_result", "tool_result"),
        "assistant": ("text", "thinking", "redacted_thinking", "tool_use"),
        "system": ("text",),
    }
)
"""Which blocks each role may have."""
THOUGHTS = ("thinking", "redacted_thinking")


def read_turns(body: Fields, prefix: Prefix, *, within_budget: bool) -> tuple[Message, ...]:
    """Return the turns of a conversation.

    Raises:
        VendorError: there is none, or one that Anthropic would refuse.
    """
    if not body.has("messages"):
        body.refuse_missing("messages")
    if body.members["messages"] == []:
        _refuse("at least one message is required")
    turns = [_read_turn(fields, prefix) for fields in body.objects("messages")]
    if turns[0].role != "user":
        _refuse('first message must use the "user" role')
    _check_not_empty(turns)
    _check_calls(turns)
    if within_budget:
        _check_begins_with_thought(turns)
    names = _names(turns)
    return tuple(
        message for turn in turns for message in as_messages(turn, names, call="tool_use", result="tool_result")
    )


def _refuse(message: str, place: str = "messages") -> NoReturn:
    """Refuse a conversation."""
    refuse(message, place)


def _read_turn(fields: Fields, prefix: Prefix) -> Turn:
    only(fields, frozenset({"role", "content"}))
    role = fields.needed_choice("role", tuple(KINDS))
    prefix.add(role, "")
    return Turn(fields.path, role, read_blocks(fields, "content", KINDS[role], prefix))


def _check_not_empty(turns: list[Turn]) -> None:
    for turn in turns:
        empty = not turn.blocks or (len(turn.blocks) == 1 and turn.blocks[0] == Block("text"))
        if empty and not (turn is turns[-1] and turn.role == "assistant"):
            message = "all messages must have non-empty content except for the optional final assistant message"
            _refuse(message, turn.place)
    last = turns[-1]
    if last.role == "assistant" and last.blocks and last.blocks[-1].text != last.blocks[-1].text.rstrip():
        _refuse("final assistant content cannot end with trailing whitespace")


def _merged(turns: list[Turn]) -> list[Turn]:
    merged: list[Turn] = []
    for turn in turns:
        if merged and merged[-1].role == turn.role:
            merged[-1] = Turn(merged[-1].place, turn.role, merged[-1].blocks + turn.blocks)
        else:
            merged.append(turn)
    return merged


def _check_calls(turns: list[Turn]) -> None:
    """Refuse calls without results right behind them, results without calls, and results that do not come first."""
    called: list[str] = []
    before = "messages"
    for turn in _merged([turn for turn in turns if turn.role != "system"]):
        results = turn.ids("tool_result")
        missing = [one for one in called if one not in results]
        if missing:
            message = (
                f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message."
            )
            _refuse(message, before)
        for one in results:
            if one not in called:
                message = (
                    f"unexpected `tool_use_id` found in `tool_result` blocks: {one}. Each `tool_result` block must "
                    "have a corresponding `tool_use` block in the previous message."
                )
                _refuse(message, turn.place)
        kinds = [block.kind for block in turn.blocks]
        if results and "tool_result" in kinds[len(results) :]:
            _refuse("`tool_result` blocks must come before all other content", turn.place)
        called, before = turn.ids("tool_use"), turn.place
        if len(set(called)) < len(called) or len(set(results)) < len(results):
            _refuse("ids of `tool_use` and of `tool_result` blocks must be unique", turn.place)
    if called:
        message = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(called)}."
        _refuse(message, before)


def _check_begins_with_thought(turns: list[Turn]) -> None:
    """Refuse results of tools for a turn whose thought was lost."""
    merged = _merged(turns)
    if len(merged) < 2 or not merged[-1].ids("tool_result"):
        return
    turn = merged[-2]
    if turn.blocks[0].kind not in THOUGHTS:
        message = (
            f"Expected `thinking` or `redacted_thinking`, but found `{turn.blocks[0].kind}`. When `thinking` is "
            "enabled, a final `assistant` message must start with a thinking block."
        )
        _refuse(message, f"{turn.place}.content.0.type")


def _names(turns: list[Turn]) -> dict[str, str]:
    return {block.tool_id: block.tool_name for turn in turns for block in turn.blocks if block.kind == "tool_use"}

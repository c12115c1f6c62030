"""Messages as Anthropic's alternating turns, and the system prompt beside them.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/working-with-messages,
.../agents-and-tools/tool-use/handle-tool-calls (read 2026-11-23). What the API wants and callers do not always give:

* System and developer messages are one top-level prompt; one from the middle of the conversation is moved there. Opus
  4.8 and later take it in the middle too, but not on every host, and only between a turn of the user and one of the
  assistant (.../build-with-claude/mid-conversation-system-messages), where OpenAI's callers hardly ever put it.
* Turns alternate: neighbours of one role are merged, so the results of parallel calls come in one turn, in front of
  what the user says besides. The assistant's thinking comes in front of what it led to.
* Texts are not empty, and the last one of a turn the assistant is to continue does not end in white space. Newer
  models, and all while they think, continue no turn (.../api/errors, "Prefill not supported"): a line asks them to.
* The first turn is the user's. A conversation that begins with the assistant gets a line that says so; of one that has
  system messages only, those are the user's turn.
"""

from __future__ import annotations

from typing import cast

import msgspec

from penstock.core.chat import Message, RedactedThinking, Text, Thinking, ToolResult
from penstock.core.errors import InvalidRequest
from penstock.wire.anthropic_messages.lower_blocks import Written, write_assistant_block, write_text, write_user_block
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from penstock.wire.anthropic_messages.writing import Writing

OPENING = "(The conversation begins with the assistant.)"
"""What stands for the user's turn when there is none in front of the assistant's first."""
CONTINUATION = "(Continue exactly where you stopped.)"
"""What the user says behind a turn to be continued, to a model that would refuse to find that turn last."""


class Turn(msgspec.Struct):
    """One turn as it is sent; ``results`` are blocks that must come first."""

    role: str
    results: list[Written]
    content: list[Written]


def write_turns(
    messages: list[Message], writing: Writing, *, continues: bool
) -> tuple[list[Written], list[dict[str, object]]]:
    """Return the blocks of ``system`` and the members of ``messages``.

    ``continues``: the model can be given the beginning of its answer.

    Raises:
        InvalidRequest: nothing is left to be asked, or there is content that this API cannot be given.
    """
    system = _system(messages, writing)
    turns: list[Turn] = []
    for message in messages:
        if message.name is not None:
            writing.losses.at(f"{message.at}.name", "participants have no names here")
        if message.role == "user":
            _add_user(message, turns, writing)
        elif message.role == "assistant":
            _add_assistant(message, turns, writing)
    if turns and turns[-1].role == "assistant":
        _end_conversation(turns, messages, writing, continues=continues)
    if not turns and system:
        turns, system = [Turn("user", [], system)], []
        writing.losses.field("messages", "the system prompt is the user's turn: there is no other", "moved")
    if not turns:
        msg = "The conversation has no content that this model could answer."
        raise InvalidRequest(msg, code="empty_conversation", param=writing.request.path("messages"))
    if turns[0].role == "assistant":
        turns.insert(0, Turn("user", [], [{"type": "text", "text": OPENING}]))
        writing.losses.field("messages", "the conversation must begin with the user: a line says so", "approximated")
    return system, [{"role": turn.role, "content": turn.results + turn.content} for turn in turns]


def _system(messages: list[Message], writing: Writing) -> list[Written]:
    """Write all system and developer messages, in their order."""
    system: list[Written] = []
    begun = False
    for message in messages:
        if message.role not in {"system", "developer"}:
            begun = True
            continue
        if begun:
            writing.losses.at(message.at, "moved into the system prompt, in front of the conversation", "moved")
        for block in message.blocks:
            if not isinstance(block, Text):
                msg = "A system prompt can only be text for this provider."
                raise InvalidRequest(msg, code="unsupported_content", param=block.at or message.at)
            written = write_text(block, writing)
            if written is not None:
                system.append(written)
    return system


def _add_user(message: Message, turns: list[Turn], writing: Writing) -> None:
    """Write a message of the user into the turn that it belongs to: the last one, or a new one."""
    writing.end_turn()
    results: list[Written] = []
    content: list[Written] = []
    for block in message.blocks:
        written = write_user_block(block, writing)
        if written is not None:
            (results if type(block) is ToolResult else content).append(written)
    if turns and turns[-1].role == "user":
        turn = turns[-1]
        if results and turn.content:
            writing.losses.at(message.at, "results of tools come first in the user's turn", "moved")
        turn.results += results
        turn.content += content
    elif results or content:
        turns.append(Turn("user", results, content))


def _add_assistant(message: Message, turns: list[Turn], writing: Writing) -> None:
    thinking: list[Written] = []
    content: list[Written] = []
    for block in message.blocks:
        written = write_assistant_block(block, writing)
        if written is None:
            continue
        if isinstance(block, Thinking | RedactedThinking) and writing.request.vendor != FORMAT:
            thinking.append(written)
        else:
            content.append(written)
    content = thinking + content
    if turns and turns[-1].role == "assistant":
        turns[-1].content += content
    elif content:
        turns.append(Turn("assistant", [], content))


def _end_conversation(turns: list[Turn], messages: list[Message], writing: Writing, *, continues: bool) -> None:
    """Make a turn that the assistant is to continue one that the API takes: no white space at its end."""
    last = turns[-1].content[-1]
    if not isinstance(last, dict) or last["type"] != "text":
        return
    at = next(message.at for message in reversed(messages) if message.role == "assistant")
    if not continues:
        turns.append(Turn("user", [], [{"type": "text", "text": CONTINUATION}]))
        writing.losses.at(at, "this model continues no turn: a line asks it to", "approximated")
        return
    text = cast("str", last["text"])
    if text != text.rstrip():
        last["text"] = text.rstrip()
        writing.losses.at(at, "a turn to be continued cannot end in white space", "clamped")

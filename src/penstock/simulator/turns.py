"""Turns made of blocks, as Anthropic and AWS write a conversation, and what the common form makes of them.

How a block is read, and what a turn may hold, is the business of each format.
"""

from __future__ import annotations

from dataclasses import dataclass

from penstock.simulator.conversation import Message


@dataclass(frozen=True, slots=True)
class Block:
    """What one block is, and what it counts for."""

    kind: str
    text: str = ""
    """Text that the model reads as said."""
    other_text: str = ""
    """Names, arguments and thoughts, for counting."""
    other_tokens: int = 0
    tool_id: str = ""
    """The call that a use of a tool makes, or a result answers."""
    tool_name: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, and where it stands."""

    place: str
    role: str
    blocks: list[Block]

    def ids(self, kind: str) -> list[str]:
        """Return the ids of calls or results, in order."""
        return [block.tool_id for block in self.blocks if block.kind == kind]


def as_messages(turn: Turn, names: dict[str, str], *, call: str, result: str) -> list[Message]:
    """Return a turn as messages: results of tools are messages of their own, as the common form has them.

    ``names`` are those of tools by the id of a call; ``call`` and ``result`` are what the format calls these blocks.
    """
    found = [
        Message(
            "tool",
            block.text,
            call_id=block.tool_id,
            name=names.get(block.tool_id, ""),
            other_text=block.other_text,
            other_tokens=block.other_tokens,
        )
        for block in turn.blocks
        if block.kind == result
    ]
    rest = [block for block in turn.blocks if block.kind != result]
    if not rest:
        return found
    said = Message(
        "assistant" if turn.role == "assistant" else "system" if turn.role == "system" else "user",
        "\n".join(block.text for block in rest if block.text),
        calls=tuple(turn.ids(call)),
        other_text="".join(block.other_text for block in rest),
        other_tokens=sum(block.other_tokens for block in rest),
    )
    return [said, *found]

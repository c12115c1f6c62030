"""Marks of other vendors in a conversation that goes to Anthropic byte for byte: taken out, since its API refuses them.

A caller sends back what it was given, and some of that came from another provider: ``extra_content`` on texts and calls
(Gemini's signatures, written by ``lower_answer``), thinking that nobody signed (an empty signature), thinking that
another vendor signed. Anthropic's own signatures are base64; those of others begin with ``vendor:``.
https://platform.claude.com/docs/en/api/errors (400 for members that are not documented) and
.../build-with-claude/extended-thinking (read 2026-11-23). A body without such marks is not read. Requests that are
translated lose theirs in ``lower_blocks``.
"""

from __future__ import annotations

import re

import msgspec

from penstock.core.json_object import TEXT, JsonEdit, JsonObject
from penstock.wire.claude_thinking import is_claudes

_MARK = re.compile(rb'"(?:extra_content"|signature": ?"(?:"|[a-z_]{1,30}:))')
"""What a body with a mark has in it; one search, since long conversations are searched too."""
_ITEMS: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_WHY = "a mark of another vendor, which Anthropic would refuse"


def drop_foreign_marks(edit: JsonEdit) -> None:
    """Take the marks out of the messages and report them; everything else keeps its bytes.

    Raises:
        InvalidRequest: a message with a mark has a member twice.
    """
    if _MARK.search(edit.object.source) is None:
        return
    turns = _items(edit.raw("messages"))
    kept = [_turn(turn, f"messages[{index}]", edit) for index, turn in enumerate(turns)]
    if kept != turns:
        edit.set("messages", _array([turn for turn in kept if turn]))


def _turn(turn: bytes, path: str, edit: JsonEdit) -> bytes:
    """Return a message without marks; empty when nothing else was in it."""
    if not turn.startswith(b"{") or _MARK.search(turn) is None:
        return turn
    message = JsonEdit(JsonObject(turn))
    blocks = _items(message.raw("content"))
    kept = [_block(block, f"{path}.content[{index}]", edit) for index, block in enumerate(blocks)]
    if kept == blocks:
        return turn
    left = [block for block in kept if block]
    message.set("content", _array(left))
    return message.render() if left else b""


def _block(block: bytes, path: str, edit: JsonEdit) -> bytes:
    """Return a block without marks; empty for one that held nothing else, or another vendor's thinking."""
    if not block.startswith(b"{") or _MARK.search(block) is None:
        return block
    members = JsonEdit(JsonObject(block))
    if members.object.read("type", TEXT) == "thinking" and not is_claudes(members.object.read("signature", TEXT)):
        edit.report(path, "dropped", _WHY)
        return b""
    if members.raw("extra_content") is None:
        return block
    edit.report(f"{path}.extra_content", "dropped", _WHY)
    if members.raw("text") == b'""':  # it only carried the mark, and an empty text is refused
        return b""
    members.remove("extra_content")
    return members.render()


def _items(raw: bytes | None) -> list[bytes]:
    """Return the items of an array; none of anything else, of which the vendor will say that it is wrong."""
    try:
        return [bytes(item) for item in _ITEMS.decode(raw or b"[]")]
    except msgspec.DecodeError:
        return []


def _array(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"

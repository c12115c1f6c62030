"""Marks of other vendors in a conversation that goes to Anthropic byte for byte: taken out, since its API refuses them.

A caller sends back what it was given, and some of that came from another provider: ``extra_content`` on texts and calls
(Gemini's signatures, written by ``lower_answer``), thinking that nobody signed (an empty signature), thinking that
another vendor signed. Anthropic's own signatures are base64; those of others begin with ``vendor:``.
https://platform.claude.com/docs/en/api/errors (400 for members that are not documented) and
.../build-with-claude/extended-thinking (read 2026-11-23). A body without such marks is searched and not read. Requests
that are translated lose theirs in ``lower_blocks``.
"""

from __future__ import annotations

import re

from penstock.core.json_object import TEXT, JsonEdit, JsonObject
from penstock.wire.claude_thinking import is_claudes
from penstock.wire.json_items import change_items

_SIGNED = b'signature"'
"""What every mark ends its name in: Gemini's ``thought_signature`` inside ``extra_content``, and ``signature``."""
_MARK = re.compile(rb'"(?:thought_signature"|signature": ?"(?:"|[a-z_]{1,30}:))')
_LONGEST_BEGINNING = len('"thought_')
_LONGEST_MARK = 48
_FEW_SIGNATURES = 200
_WHY = "a mark of another vendor, which Anthropic would refuse"


def drop_foreign_marks(edit: JsonEdit) -> None:
    """Take the marks out of the messages and report them; everything else keeps its bytes.

    Raises:
        InvalidRequest: a message with a mark has a member twice.
    """
    if not _has_mark(edit.object.source):
        return
    turns = edit.raw("messages")
    kept = change_items(turns, lambda number, turn: _turn(turn, f"messages[{number}]", edit))
    if kept is not turns and kept is not None:
        edit.set("messages", kept)


def _has_mark(source: bytes) -> bool:
    """Say whether there is a mark in it, or may be.

    Long conversations are searched too: backwards for what marks have in common takes a quarter of the time that an
    expression takes, unless nearly all of the body is signatures.
    """
    end = len(source)
    for _ in range(_FEW_SIGNATURES):
        end = source.rfind(_SIGNED, 0, end)
        if end < 0:
            return False
        if _MARK.search(source, max(end - _LONGEST_BEGINNING, 0), end + _LONGEST_MARK):
            return True
    return _MARK.search(source, 0, end) is not None


def _turn(turn: bytes, path: str, edit: JsonEdit) -> bytes | None:
    """Return a message without marks; None when nothing else was in it."""
    if not turn.startswith(b"{") or not _has_mark(turn):
        return turn
    message = JsonEdit(JsonObject(turn))
    blocks = message.raw("content")
    kept = change_items(blocks, lambda number, block: _block(block, f"{path}.content[{number}]", edit))
    if kept is blocks or kept is None:
        return turn
    message.set("content", kept)
    return None if kept == b"[]" else message.render()


def _block(block: bytes, path: str, edit: JsonEdit) -> bytes | None:
    """Return a block without marks; None for one that held nothing else, or another vendor's thinking."""
    if not block.startswith(b"{") or not _has_mark(block):
        return block
    members = JsonEdit(JsonObject(block))
    if members.object.read("type", TEXT) == "thinking" and not is_claudes(members.object.read("signature", TEXT)):
        edit.report(path, "dropped", _WHY)
        return None
    if members.raw("extra_content") is None:
        return block
    edit.report(f"{path}.extra_content", "dropped", _WHY)
    if members.raw("text") == b'""':  # it only carried the mark, and an empty text is refused
        return None
    members.remove("extra_content")
    return members.render()

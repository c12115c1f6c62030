"""Pictures and documents that a body names by URL, for a host that takes bytes only: found, and given their bytes.

For bodies that are not translated: only the sources concerned change, every other byte stays. A body without a URL is
not read. Media stand in turns, in the results of tools, and in documents that are made of blocks; their places are
written as everywhere else in this format (``messages[0].content[1]``). Bodies that are translated carry theirs in the
neutral form. What may be fetched is not known here.
https://platform.claude.com/docs/en/api/messages and .../build-with-claude/vision (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from penstock.core.chat import InlineData
from penstock.core.endpoint import MediaByUrl
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.json_items import change_items

_MARK = b'"url"'
"""What a source with a URL has in it, as the word for its type."""
BytesFor = Callable[[MediaByUrl], InlineData | None]


class _Source(msgspec.Struct, frozen=True):
    type: str = ""
    url: str = ""


class _Block(msgspec.Struct, frozen=True):
    type: str = ""


_source = msgspec.json.Decoder(_Source)
_block = msgspec.json.Decoder(_Block)


def edit_media(edit: JsonEdit, bytes_for: BytesFor) -> None:
    """Ask for the bytes of each picture and document that has a URL, and put those that are given in its place.

    Raises:
        InvalidRequest: a message with a URL has a member twice.
    """
    if edit.object.source.rfind(_MARK) < 0:
        return
    turns = edit.raw("messages")
    changed = change_items(turns, lambda number, turn: _holder(turn, f"messages[{number}]", bytes_for))
    if changed is not turns and changed is not None:
        edit.set("messages", changed)


def _holder(holder: bytes, at: str, bytes_for: BytesFor) -> bytes:
    """Return an object whose ``content`` is a list of blocks, with the bytes of those that are media."""
    if not holder.startswith(b"{") or _MARK not in holder:
        return holder
    members = JsonEdit(JsonObject(holder))
    blocks = members.raw("content")
    changed = change_items(blocks, lambda number, block: _edited(block, f"{at}.content[{number}]", bytes_for))
    if changed is blocks or changed is None:
        return holder
    members.set("content", changed)
    return members.render()


def _edited(block: bytes, at: str, bytes_for: BytesFor) -> bytes:
    """Return a block with its bytes; one that names no URL, or is no block, as it is."""
    if not block.startswith(b"{") or _MARK not in block:
        return block
    try:
        kind = _block.decode(block).type
    except msgspec.DecodeError:
        return block
    if kind == "tool_result":
        return _holder(block, at, bytes_for)
    if kind not in {"image", "document"}:
        return block
    members = JsonEdit(JsonObject(block))
    source = members.raw("source")
    new = None if source is None else _new_source(source, at, bytes_for, is_image=kind == "image")
    if new is None or new is source:
        return block
    members.set("source", new)
    return members.render()


def _new_source(source: bytes, at: str, bytes_for: BytesFor, *, is_image: bool) -> bytes | None:
    try:
        named = _source.decode(source)
    except msgspec.DecodeError:
        return None
    if named.type == "content":
        return _holder(source, f"{at}.source", bytes_for)
    if named.type != "url":
        return None
    data = bytes_for(MediaByUrl(at, named.url, is_image))
    if data is None:
        return None
    return msgspec.json.encode({"type": "base64", "media_type": data.media_type, "data": data.data})

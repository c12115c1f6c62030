"""Blocks of content in Anthropic's messages: text, pictures, documents, tools, thoughts; and what is refused of them.

Each reader takes a block's members and returns what is counted of it. How blocks must follow one another is decided in
``messages``.

https://platform.claude.com/docs/en/api/messages (read 2026-11-23).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from penstock.simulator.native import only, refuse
from penstock.simulator.prompt_cache import Prefix
from penstock.simulator.request_fields import Fields
from penstock.simulator.thinking import is_signed, sign
from penstock.simulator.turns import Block

IMAGE_TOKENS = 85
DOCUMENT_TOKENS = 100
MAX_CACHE_MARKS = 4
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")


ReadBlock = Callable[[Fields], Block]


def read_blocks(fields: Fields, name: str, kinds: Iterable[str], prefix: Prefix) -> list[Block]:
    """Read the blocks of a member, in order; a plain text is one block.

    Raises:
        VendorError: a block is of another kind or not whole.
    """
    value = fields.members.get(name)
    if isinstance(value, str):
        prefix.add(value, value)
        return [Block("text", value)]
    if value is None:
        fields.refuse_missing(name)
    if value == []:
        return []
    if not isinstance(value, list):
        fields.refuse_type(name, "a string or an array of content blocks")
    return [_read_block(block, tuple(kinds), prefix) for block in fields.objects(name)]


def _read_block(fields: Fields, kinds: tuple[str, ...], prefix: Prefix) -> Block:
    block = _READERS[fields.needed_choice("type", kinds)](fields)
    unmarked = {name: value for name, value in fields.members.items() if name != "cache_control"}
    prefix.add(unmarked, block.text + block.other_text, block.other_tokens)
    mark_cache(fields, prefix)
    return block


def mark_cache(fields: Fields, prefix: Prefix) -> None:
    """Mark the prompt's present place, if a block or tool asks for it.

    Raises:
        VendorError: the marker is malformed, one too many, or lives longer than one before it.
    """
    marker = fields.fields("cache_control")
    if marker is None:
        return
    only(marker, frozenset({"type", "ttl"}))
    marker.needed_choice("type", ("ephemeral",))
    for_an_hour = marker.choice("ttl", ("5m", "1h")) == "1h"
    if for_an_hour and prefix.keeps_short:
        message = (
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are "
            "processed in the following order: `tools`, `system`, `messages`."
        )
        refuse(message, marker.at("ttl"))
    prefix.mark(for_an_hour=for_an_hour)
    if len(prefix.marks) > MAX_CACHE_MARKS:
        message = f"A maximum of 4 blocks with cache_control may be provided. Found {len(prefix.marks)}."
        refuse(message, None)


def _read_text(fields: Fields) -> Block:
    only(fields, frozenset({"type", "text", "cache_control", "citations"}))
    text = fields.needed_text("text")
    if not text:
        refuse("text content blocks must be non-empty", fields.at("text"))
    if text.isspace():
        refuse("text content blocks must contain non-whitespace text", fields.at("text"))
    return Block("text", text)


def _read_image(fields: Fields) -> Block:
    only(fields, frozenset({"type", "source", "cache_control"}))
    source = fields.needed_fields("source")
    kind = source.needed_choice("type", ("base64", "url", "file"))
    if kind == "base64":
        source.needed_choice("media_type", IMAGE_TYPES)
        _check_base64(source, "data")
    else:
        _check_place(source, kind)
    return Block("image", other_tokens=IMAGE_TOKENS)


def _read_document(fields: Fields) -> Block:
    only(fields, frozenset({"type", "source", "cache_control", "citations", "context", "title"}))
    source = fields.needed_fields("source")
    kind = source.needed_choice("type", ("base64", "text", "content", "url", "file"))
    if kind == "text":
        source.needed_choice("media_type", ("text/plain",))
        return Block("document", other_text=source.needed_text("data"))
    if kind == "base64":
        source.needed_choice("media_type", ("application/pdf",))
        _check_base64(source, "data")
    elif kind == "content":
        blocks = read_blocks(source, "content", ("text", "image"), Prefix())
        return Block("document", other_text="".join(block.text for block in blocks))
    else:
        _check_place(source, kind)
    return Block("document", other_tokens=DOCUMENT_TOKENS)


def _check_place(source: Fields, kind: str) -> None:
    if kind == "file":
        source.needed_text("file_id")
    elif not source.needed_text("url").startswith(("https://", "http://")):
        refuse("Only HTTPS URLs are supported.", source.at("url"))


def _check_base64(source: Fields, name: str) -> None:
    try:
        decoded = b64decode(source.needed_text(name), validate=True)
    except (binascii.Error, ValueError):
        refuse("Input should be valid base64.", source.at(name))
    if not decoded:
        refuse("Input should not be empty.", source.at(name))


def _read_tool_use(fields: Fields) -> Block:
    only(fields, frozenset({"type", "id", "name", "input", "cache_control", "caller"}))
    tool_id, name = fields.needed_text("id"), fields.needed_text("name")
    if not TOOL_ID.fullmatch(tool_id):
        refuse("String should match pattern '^[a-zA-Z0-9_-]+$'", fields.at("id"))
    arguments = msgspec.json.encode(fields.needed_fields("input").members).decode()
    return Block("tool_use", other_text=name + arguments, tool_id=tool_id, tool_name=name)


def _read_tool_result(fields: Fields) -> Block:
    only(fields, frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"}))
    fields.flag("is_error")
    tool_id = fields.needed_text("tool_use_id")
    blocks = (
        read_blocks(fields, "content", ("text", "image", "document", "search_result"), Prefix())
        if fields.has("content")
        else []
    )
    text = "\n".join(block.text for block in blocks if block.text)
    other_text = "".join(block.other_text for block in blocks)
    return Block("tool_result", text, other_text, sum(block.other_tokens for block in blocks), tool_id)


def _read_search_result(fields: Fields) -> Block:
    only(fields, frozenset({"type", "source", "title", "content", "cache_control", "citations"}))
    fields.needed_text("source")
    blocks = read_blocks(fields, "content", ("text",), Prefix())
    return Block("search_result", other_text=fields.needed_text("title") + "".join(block.text for block in blocks))


def _read_thinking(fields: Fields) -> Block:
    only(fields, frozenset({"type", "thinking", "signature"}))
    thought = fields.needed_text("thinking")
    if not is_signed("thinking", thought, fields.needed_text("signature")):
        message = "Invalid `signature` in `thinking` block"
        refuse(message, fields.path)
    return Block("thinking", other_text=thought)


def _read_redacted_thinking(fields: Fields) -> Block:
    only(fields, frozenset({"type", "data"}))
    data = fields.needed_text("data")
    signature, _, hidden = data.partition(".")
    if not is_signed("redacted", hidden, signature):
        refuse("Invalid `data` in `redacted_thinking` block", fields.path)
    return Block("redacted_thinking", other_text=hidden)


def redacted(thought: str) -> str:
    """Return the data of a thought that is not shown."""
    hidden = b64encode(thought.encode("utf-8", "surrogatepass")).decode()
    return f"{sign('redacted', hidden)}.{hidden}"


_READERS: Mapping[str, ReadBlock] = MappingProxyType(
    {
        "text": _read_text,
        "image": _read_image,
        "document": _read_document,
        "tool_use": _read_tool_use,
        "tool_result": _read_tool_result,
        "search_result": _read_search_result,
        "thinking": _read_thinking,
        "redacted_thinking": _read_redacted_thinking,
    }
)

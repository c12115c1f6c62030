"""A block of an answer as the events that stream it."""

from __future__ import annotations

import json

Event = dict[str, object]

TEXT: Event = {"type": "text", "text": ""}


def block_start(block: Event, index: int = 0) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(kind: str, index: int = 0, **members: object) -> Event:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **members}}


def block_stop(index: int = 0) -> Event:
    return {"type": "content_block_stop", "index": index}


def stream_of(block: Event, index: int, cut: int) -> list[Event]:
    """Return the events that a block is streamed in, its text cut into pieces of that length."""
    if block["type"] == "text":
        return [
            block_start(TEXT, index),
            *_pieces("text_delta", "text", str(block["text"]), index, cut),
            block_stop(index),
        ]
    if block["type"] == "thinking":
        empty: Event = {"type": "thinking", "thinking": "", "signature": ""}
        pieces = _pieces("thinking_delta", "thinking", str(block["thinking"]), index, cut)
        signature = delta("signature_delta", index, signature=block["signature"])
        return [block_start(empty, index), *pieces, signature, block_stop(index)]
    if block["type"] == "tool_use":
        text = "" if not block["input"] else json.dumps(block["input"])
        first = delta("input_json_delta", index, partial_json="")
        pieces = _pieces("input_json_delta", "partial_json", text, index, cut)
        return [block_start({**block, "input": {}}, index), first, *pieces, block_stop(index)]
    return [block_start(block, index), block_stop(index)]


def _pieces(kind: str, member: str, text: str, index: int, cut: int) -> list[Event]:
    return [delta(kind, index, **{member: text[at : at + cut]}) for at in range(0, len(text), cut)]

"""Marks of other vendors in a conversation that goes on at a vendor of OpenAI's format: those that it refuses.

A caller sends back what it was given, and some of that came from another provider: ``reasoning_content`` and
``thinking_blocks`` of messages, ``extra_content`` of messages and of calls (Gemini's signatures). Some vendors answer
400 to members that they do not know, others need their own back (DeepSeek ``reasoning_content``, Gemini
``extra_content``), most ignore them. Which vendor refuses what is said in its file in ``penstock.providers``, with its
source; for the others every byte stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar, get_args

import msgspec
from msgspec import UNSET, UnsetType

from penstock.core.endpoint import EndpointId
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.json_items import MOST_COMMAS, change_items

Mark = Literal["reasoning_content", "thinking_blocks", "extra_content"]
T = TypeVar("T")
MARKS: tuple[Mark, ...] = get_args(Mark)
WHY = "a mark of another vendor, which this one refuses"
_SAYS_SOMETHING = ("content", "tool_calls", "function_call", "refusal", "audio")
"""Without any of these there is no message."""


_Never = Literal["\x00"]
"""Stands for a member that is not there: whatever somebody writes into it is something else."""


class _UnmarkedCall(msgspec.Struct, frozen=True, gc=False):
    """A tool call without a mark: no other can be read as one."""

    extra_content: _Never | UnsetType = UNSET


class _MarkedByGoogle(msgspec.Struct, frozen=True, gc=False):
    """A message without marks of others than Google, likewise."""

    reasoning_content: _Never | UnsetType = UNSET
    thinking_blocks: _Never | UnsetType = UNSET


class _Unmarked(_MarkedByGoogle, frozen=True, gc=False):
    """A message without marks."""

    extra_content: _Never | UnsetType = UNSET
    tool_calls: list[_UnmarkedCall] | None = None


_marked_by_google = msgspec.json.Decoder(list[_MarkedByGoogle] | None)
_unmarked = msgspec.json.Decoder(list[_Unmarked] | None)
"""Each is one pass over the conversation; searching its bytes for three names takes twice as long."""


def drop_foreign_marks(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take `reasoning_content`, `thinking_blocks` and `extra_content`, left by other vendors, out of messages.

    Raises:
        InvalidRequest: a message has a mark twice.
    """
    if endpoint == "chat_completions":
        _drop_from_messages(edit, MARKS, _unmarked)


def drop_marks_but_googles(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take `reasoning_content` and `thinking_blocks`, left by other vendors, out of messages.

    Raises:
        InvalidRequest: as above.
    """
    if endpoint == "chat_completions":
        _drop_from_messages(edit, ("reasoning_content", "thinking_blocks"), _marked_by_google)


def _drop_from_messages(edit: JsonEdit, names: Sequence[Mark], without: msgspec.json.Decoder[list[T] | None]) -> None:
    """Take the marks out, if there are any: ``without`` reads only messages that have none."""
    source = edit.object.source
    if len(source) > MOST_COMMAS and source.count(b"{") > MOST_COMMAS:  # a comma between each and the next
        return
    try:
        edit.object.read("messages", without)
    except InvalidRequest:
        messages = edit.raw("messages")
        changed = change_items(messages, lambda number, item: _message(item, f"messages[{number}]", names, edit))
        if changed is not messages and changed is not None:
            edit.set("messages", changed)


def _message(item: bytes, path: str, names: Sequence[Mark], edit: JsonEdit) -> bytes | None:
    """Return a message without marks; None when nothing else was in it."""
    if not item.startswith(b"{") or not any(f'"{name}"'.encode() in item for name in names):
        return item
    message = JsonEdit(JsonObject(item))
    for name in names:
        _drop(message, name, path, edit)
    if "extra_content" in names:
        calls = message.raw("tool_calls")
        left = change_items(calls, lambda number, call: _call(call, f"{path}.tool_calls[{number}]", edit))
        if left is not calls and left is not None:
            message.set("tool_calls", left)
    written = message.render()
    silent = all(message.raw(name) in {None, b"null"} for name in _SAYS_SOMETHING)
    return None if silent and written is not item else written


def _call(item: bytes, path: str, edit: JsonEdit) -> bytes:
    if not item.startswith(b"{"):
        return item
    call = JsonEdit(JsonObject(item))
    _drop(call, "extra_content", path, edit)
    return call.render()


def _drop(holder: JsonEdit, name: Mark, path: str, edit: JsonEdit) -> None:
    if holder.raw(name) is not None:
        if holder.raw(name) != b"null":
            edit.report(f"{path}.{name}", "dropped", WHY)
        holder.remove(name)

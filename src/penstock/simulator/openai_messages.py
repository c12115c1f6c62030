"""Chat messages of OpenAI's format, read into turns; what OpenAI refuses in a conversation is refused.

Checked: roles, content and its parts, and that tool calls and tool results belong together. What is asked of the model
besides the messages is read by ``openai_chat_request``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.simulator.conversation import Message, Role
from penstock.simulator.openai_errors import invalid
from penstock.simulator.request_fields import Fields, refuse_type

ROLES: dict[str, Role] = {
    "developer": "system",
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""OpenAI's role to the one it has here."""

PART_TOKENS: dict[str, int] = {"image_url": 85, "input_audio": 50, "file": 100, "refusal": 0, "text": 0}
"""What a part of content counts for besides its text: fixed figures, for a simulator sees no picture."""

_PARTS: dict[str, tuple[str, ...]] = {
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
}
_TEXT_ONLY = ("text",)


def read_messages(body: Fields) -> tuple[Message, ...]:
    """Return the turns of a conversation.

    Raises:
        VendorError: there is none, or one that OpenAI would refuse.
    """
    if not body.has("messages"):
        body.refuse_missing("messages")
    names: dict[str, str] = {}
    messages = [_read_message(fields, names) for fields in body.objects("messages")]
    _check_calls_are_answered(messages)
    return tuple(messages)


def _read_message(fields: Fields, names: dict[str, str]) -> Message:
    """Read one turn; ``names`` remembers which call is for which tool."""
    role = fields.needed_choice("role", tuple(ROLES))
    text, other_tokens = _read_content(fields, role)
    if role == "assistant":
        calls, other_text = _read_calls(fields, names)
        if not calls and not any(fields.has(name) for name in ("content", "refusal", "audio", "function_call")):
            fields.refuse_missing("content")
        return Message("assistant", text, calls=calls, other_text=other_text, other_tokens=other_tokens)
    if not fields.has("content"):
        fields.refuse_missing("content")
    if role == "tool":
        call_id = fields.needed_text("tool_call_id")
        return Message("tool", text, call_id=call_id, name=names.get(call_id, ""), other_tokens=other_tokens)
    name = (fields.needed_text if role == "function" else fields.text)("name")
    return Message(ROLES[role], text, name=name or "", other_tokens=other_tokens)


def refuse_members(body: Fields, names: frozenset[str]) -> None:
    """Refuse members of messages and of their calls that a vendor does not know.

    Raises:
        VendorError: there is one.
    """
    for message in body.objects("messages"):
        for fields in (message, *message.objects("tool_calls")):
            for name in names & fields.members.keys():
                place = fields.at(name)
                text = f"Unknown parameter: '{place}'."
                raise invalid(text, param=place, code="unknown_parameter")


def _read_content(fields: Fields, role: str) -> tuple[str, int]:
    """Return the text of a message's content, and what its other parts count for."""
    content = fields.members.get("content")
    if content is None or isinstance(content, str):
        return content or "", 0
    if not isinstance(content, list):
        fields.refuse_type("content", "one of a string or array of objects")
    texts: list[str] = []
    other_tokens = 0
    for part in fields.objects("content"):
        kind = part.needed_choice("type", _PARTS.get(role, _TEXT_ONLY))
        other_tokens += PART_TOKENS[kind]
        if kind in {"text", "refusal"}:
            texts.append(part.needed_text(kind))
        elif kind == "image_url":
            part.needed_fields(kind).needed_text("url")
        else:
            part.needed_fields(kind)
    return "\n".join(texts), other_tokens


def _read_calls(fields: Fields, names: dict[str, str]) -> tuple[tuple[str, ...], str]:
    """Return the ids of a message's tool calls, and the text they count as."""
    ids: list[str] = []
    texts: list[str] = []
    for call in fields.objects("tool_calls"):
        kind = call.choice("type", ("function", "custom")) or "function"
        called = call.needed_fields(kind)
        name = called.needed_text("name")
        texts += (name, called.needed_text("arguments" if kind == "function" else "input"))
        call_id = call.needed_text("id")
        ids.append(call_id)
        names[call_id] = name
    return tuple(ids), "".join(texts)


def _check_calls_are_answered(messages: list[Message]) -> None:
    """Refuse a tool's message that answers no call, and calls that the next messages do not answer."""
    open_calls: list[str] = []
    known: set[str] = set()
    for index, message in enumerate(messages):
        if message.role == "tool":
            if message.call_id is not None and message.call_id not in known:
                place = f"messages[{index}].role"
                text = "A message with role 'tool' must answer a preceding message with 'tool_calls'."
                raise invalid(text, param=place, code=None)
            open_calls = [call for call in open_calls if call != message.call_id]
            continue
        _check_nothing_is_open(open_calls, index - 1)
        open_calls = list(message.calls)
        known.update(message.calls)
    _check_nothing_is_open(open_calls, len(messages) - 1)


def _check_nothing_is_open(open_calls: list[str], index: int) -> None:
    if open_calls:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages for each 'tool_call_id'. "
            f"These have none: {', '.join(open_calls)[:500]}"
        )
        raise invalid(text, param=f"messages[{index}].role", code=None)


def read_stop(fields: Fields, *, most: int) -> tuple[str, ...]:
    """Return the stop sequences: one string, or up to ``most``."""
    value = fields.members.get("stop")
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, list):
        fields.refuse_type("stop", "one of a string or array of strings")
    for index, item in enumerate(fields.array("stop", most=most) or []):
        if not isinstance(item, str):
            refuse_type(f"{fields.at('stop')}[{index}]", "a string", item)
    return msgspec.convert(value, tuple[str, ...])

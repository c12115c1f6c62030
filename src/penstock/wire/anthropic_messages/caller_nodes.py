"""The objects of a caller's body as msgspec structs, and reading one of them with the caller's path at hand.

A struct knows the members its object documents and no other. A member nobody documents is no error: it is noted as
unread and left out. Objects inside (sources, cache markers) stay bytes and are read by themselves, so that each is read
at its own path. What they mean is said in ``caller_blocks``, ``caller_tools`` and ``lift_request``.

https://platform.claude.com/docs/en/api/messages/create (read 2026-11-23), checked against the types of the Python SDK
2.12.
"""

from __future__ import annotations

import re
from typing import Annotated, NoReturn, TypeVar

import msgspec

from penstock.core.errors import InvalidRequest

ABSENT = msgspec.Raw(b"null")
"""Stands for a member that is not there: one that is null says as much."""

Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Node = TypeVar("Node", bound=msgspec.Struct)

_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_MISSING = re.compile(r"missing required field `([^`]*)`")
_MOST_SAID_CHARS = 200
"""How much of what is wrong is told; a word of the caller's may be in it."""
_MOST_LEVELS = 100
"""Levels of JSON that a schema or an input may have: more than any provider takes."""


class _Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object whose members are all documented."""


class CacheControl(_Closed, frozen=True, tag="ephemeral"):
    """``cache_control`` of a block, a tool or the request."""

    ttl: str | None = None


class Google(msgspec.Struct, frozen=True):
    """What Gemini wants back."""

    thought_signature: str | None = None


class Extra(msgspec.Struct, frozen=True):
    """A member of ours on blocks, in which ``lower_answer`` gave the caller another vendor's signature to keep."""

    google: Google = Google()


class TextNode(_Closed, frozen=True, tag="text"):
    """Text; ``citations`` on text that a model wrote before."""

    text: str
    cache_control: msgspec.Raw = ABSENT
    citations: list[msgspec.Raw] | None = None
    extra_content: Extra | None = None


class ImageNode(_Closed, frozen=True, tag="image"):
    """A picture."""

    source: msgspec.Raw
    cache_control: msgspec.Raw = ABSENT
    transformations: msgspec.Raw = ABSENT


class DocumentNode(_Closed, frozen=True, tag="document"):
    """A document."""

    source: msgspec.Raw
    cache_control: msgspec.Raw = ABSENT
    citations: msgspec.Raw = ABSENT
    context: str | None = None
    title: str | None = None


class ToolUseNode(_Closed, frozen=True, tag="tool_use"):
    """A call of a tool."""

    id: str
    name: str
    input: msgspec.Raw
    cache_control: msgspec.Raw = ABSENT
    caller: msgspec.Raw = ABSENT
    toolset_name: str | None = None
    extra_content: Extra | None = None


class ToolResultNode(_Closed, frozen=True, tag="tool_result"):
    """What a tool gave back."""

    tool_use_id: str
    content: str | list[msgspec.Raw] | None = None
    is_error: bool | None = None
    cache_control: msgspec.Raw = ABSENT
    toolset_name: str | None = None


class ThinkingNode(_Closed, frozen=True, tag="thinking"):
    """Thinking with its signature."""

    thinking: str
    signature: str


class RedactedThinkingNode(_Closed, frozen=True, tag="redacted_thinking"):
    """Thinking that only Anthropic can read."""

    data: str


BlockNode = TextNode | ImageNode | DocumentNode | ToolUseNode | ToolResultNode | ThinkingNode | RedactedThinkingNode


class MessageNode(_Closed, frozen=True):
    """One turn, all of whose blocks are of the kinds above."""

    role: str
    content: str | list[BlockNode]


class LooseMessageNode(_Closed, frozen=True):
    """One turn whose blocks are still to be read."""

    role: str
    content: str | list[msgspec.Raw]


class Base64Source(_Closed, frozen=True, tag="base64"):
    """Bytes in the request."""

    media_type: str
    data: str


class UrlNode(_Closed, frozen=True, tag="url"):
    """A URL."""

    url: str


class FileNode(_Closed, frozen=True, tag="file"):
    """A file uploaded before."""

    file_id: str


class PlainTextSource(_Closed, frozen=True, tag="text"):
    """A document that is text."""

    data: str
    media_type: str = "text/plain"


class ContentSource(_Closed, frozen=True, tag="content"):
    """A document that is blocks."""

    content: str | list[msgspec.Raw]


class CitationsConfig(_Closed, frozen=True):
    """Whether a document may be cited."""

    enabled: bool | None = None


class ToolNode(_Closed, frozen=True):
    """A tool of the caller's own."""

    name: str
    input_schema: msgspec.Raw
    type: str | None = None
    description: str | None = None
    strict: bool | None = None
    cache_control: msgspec.Raw = ABSENT
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[msgspec.Raw] | None = None


class ToolChoiceNode(_Closed, frozen=True):
    """Whether tools may or must be called."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingConfig(_Closed, frozen=True):
    """How much the model is to think."""

    type: str
    budget_tokens: Integer | None = None
    display: str | None = None


class OutputConfig(_Closed, frozen=True):
    """Effort and form of the answer."""

    effort: str | None = None
    format: msgspec.Raw = ABSENT


class OutputFormat(_Closed, frozen=True, tag="json_schema"):
    """A JSON Schema for the answer."""

    schema: msgspec.Raw


class Metadata(_Closed, frozen=True):
    """On whose behalf the request is made."""

    user_id: str | None = None


class _Tagged(msgspec.Struct, frozen=True):
    type: str


_tagged = msgspec.json.Decoder(_Tagged)


def read_node(decoder: msgspec.json.Decoder[Node], raw: msgspec.Raw | bytes, at: str, unread: list[str]) -> Node:
    """Decode one object that stands at ``at``; the paths of members it does not document are added to ``unread``.

    Raises:
        InvalidRequest: it is not such an object.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        refused = error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise undecodable(error, at) from error
    members = _members_of(raw, at)
    kind = decoder.type
    known = {*kind.__struct_encode_fields__, kind.__struct_config__.tag_field}
    strange = {name: members.pop(name) for name in list(members) if name not in known}
    if not strange:
        raise undecodable(refused, at) from refused
    unread += [f"{at}.{name}" for name, value in strange.items() if value != ABSENT]
    try:
        return decoder.decode(msgspec.json.encode(members))
    except msgspec.DecodeError as error:
        raise undecodable(error, at) from error


def type_of(raw: msgspec.Raw | bytes, at: str) -> str:
    """Return the ``type`` of an object that stands at ``at``.

    Raises:
        InvalidRequest: it is no object, or has no type.
    """
    try:
        return _tagged.decode(raw).type
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise undecodable(error, at) from error


def check_json(raw: msgspec.Raw, at: str) -> str:
    """Return the text of a JSON object that only travels (a schema, an input).

    Raises:
        InvalidRequest: it is no object, or is nested deeper than any provider takes.
    """
    source = bytes(raw)
    if not source.startswith(b"{"):
        refuse(at, "Input should be an object.", "invalid_type")
    if source.count(b"{") + source.count(b"[") > _MOST_LEVELS and _is_deep(source):
        refuse(at, f"It is nested deeper than {_MOST_LEVELS} levels.", "nested_too_deeply")
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        raise undecodable(error, at) from error


def refuse(at: str, message: str, code: str = "invalid_request") -> NoReturn:
    """Refuse the request because of what stands at ``at``."""
    raise InvalidRequest(message, code=code, param=at)


def undecodable(error: Exception, at: str) -> InvalidRequest:
    """Return the error for a part of the body that msgspec did not decode."""
    if isinstance(error, RecursionError):
        return InvalidRequest("It is nested too deeply.", code="nested_too_deeply", param=at)
    if not isinstance(error, msgspec.ValidationError):
        return InvalidRequest("It is not valid JSON in UTF-8.", code="invalid_json", param=at)
    text = str(error)
    place = _PLACE.search(text)
    inner = place[1] if place else ""
    where = f"{at}{inner}" if inner.startswith("[") else f"{at}.{inner}" if inner else at
    missing = _MISSING.search(text)
    if missing:
        return InvalidRequest("Field required.", code="missing_field", param=f"{where}.{missing[1]}")
    said = _PLACE.sub("", text).replace("`", "")[:_MOST_SAID_CHARS]
    return InvalidRequest(f"{said}.", code="invalid_type", param=where)


def _members_of(raw: msgspec.Raw | bytes, at: str) -> dict[str, msgspec.Raw]:
    try:
        return _members.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise undecodable(error, at) from error


def _is_deep(source: bytes) -> bool:
    """Say whether JSON is nested deeper than the limit, or cannot be read at all."""
    try:
        level: list[object] = [msgspec.json.decode(source)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return True
    for _ in range(_MOST_LEVELS + 1):
        if not level:
            return False
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return True

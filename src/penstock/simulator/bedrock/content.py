"""A conversation of Bedrock's Converse, read into turns; what Bedrock refuses in a conversation is refused.

Checked: who begins, that roles alternate, that no text is blank, that results of tools answer the calls of the turn
before, that documents come with a text and with names of their own, and that thoughts come back as they were signed.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html (read 2026-11-23).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

import msgspec

from penstock.simulator.conversation import Message
from penstock.simulator.native import refuse
from penstock.simulator.prompt_cache import Prefix
from penstock.simulator.request_fields import Fields
from penstock.simulator.thinking import is_signed
from penstock.simulator.turns import Block, Turn, as_messages

MEDIA_TOKENS = 85
IMAGE_FORMATS = ("png", "jpeg", "gif", "webp")
DOCUMENT_FORMATS = ("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md")
_DOCUMENT_NAME = re.compile(r"[a-zA-Z0-9\-()\[\]]+(?: [a-zA-Z0-9\-()\[\]]+)*")
_TOOL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")


def read_union(fields: Fields, kinds: Mapping[str, Callable[[Fields], Block]]) -> Block:
    """Read an object of which exactly one member is set; the member says what it is.

    Raises:
        VendorError: none or several are, or the one is not whole.
    """
    found = [name for name in kinds if fields.has(name)]
    if len(found) != 1:
        refuse(
            f"The content block at {fields.path} must have exactly one of: {', '.join(kinds)}.",
            fields.path,
        )
    return kinds[found[0]](fields)


def read_turns(body: Fields, prefix: Prefix, *, has_tools: bool, thinks: bool) -> tuple[Message, ...]:
    """Return the turns of a conversation.

    Raises:
        VendorError: one that Bedrock would refuse.
    """
    turns = [_read_turn(fields, prefix) for fields in body.objects("messages")] if body.members.get("messages") else []
    if not turns or turns[0].role != "user":
        refuse(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )
    for before, turn in pairwise(turns):
        if before.role == turn.role:
            refuse("A conversation must alternate between user and assistant roles.")
    _check_calls(turns, has_tools=has_tools)
    names = [name for fields in body.objects("messages") for name in _document_names(fields)]
    if len(set(names)) < len(names):
        refuse("Messages can't contain duplicate document names. Rename the document and retry your request.")
    if thinks and turns[-1].ids("toolResult") and turns[-2].blocks[0].kind != "reasoningContent":
        refuse(
            f"The model returned the following errors: {turns[-2].place}.content.0.type: Expected `thinking` or "
            f"`redacted_thinking`, but found `{turns[-2].blocks[0].kind}`."
        )
    tools = {block.tool_id: block.tool_name for turn in turns for block in turn.blocks if block.kind == "toolUse"}
    return tuple(message for turn in turns for message in as_messages(turn, tools, call="toolUse", result="toolResult"))


def _read_turn(fields: Fields, prefix: Prefix) -> Turn:
    role = fields.needed_choice("role", ("user", "assistant"))
    prefix.add(role, "")
    if not fields.has("content"):
        fields.refuse_missing("content")
    if fields.members["content"] == []:
        refuse(f"The content field in the Message object at {fields.path} is empty.", fields.path)
    blocks = []
    for one in fields.objects("content"):
        if one.has("cachePoint"):
            mark(one.needed_fields("cachePoint"), prefix)
            continue
        block = read_union(one, _BLOCKS)
        prefix.add(one.members, block.text + block.other_text, block.other_tokens)
        blocks.append(block)
    kinds = {block.kind for block in blocks}
    if "document" in kinds and "text" not in kinds:
        refuse("A conversation with a document must have a text block in the same message.", fields.path)
    return Turn(fields.path, role, blocks)


def mark(fields: Fields, prefix: Prefix) -> None:
    """Mark the prompt's present place, for the cache.

    Raises:
        VendorError: the marker is malformed, one too many, or lives longer than one before it.
    """
    fields.needed_choice("type", ("default",))
    for_an_hour = fields.choice("ttl", ("5m", "1h")) == "1h"
    if for_an_hour and prefix.keeps_short:
        refuse("A cache checkpoint with a ttl of 1h must not come after one with a ttl of 5m.", fields.at("ttl"))
    prefix.mark(for_an_hour=for_an_hour)
    if len(prefix.marks) > 4:
        refuse("You've exceeded the limit of 4 cache checkpoints.", fields.path)


def _document_names(holder: Fields) -> Iterator[str]:
    """Yield the names of all documents in a turn, or in a result of a tool."""
    for block in holder.objects("content") if holder.members.get("content") else ():
        document, result = block.fields("document"), block.fields("toolResult")
        if document is not None:
            yield document.needed_text("name")
        if result is not None:
            yield from _document_names(result)


def _check_calls(turns: list[Turn], *, has_tools: bool) -> None:
    called: list[str] = []
    for turn in turns:
        results = turn.ids("toolResult")
        if (results or turn.ids("toolUse")) and not has_tools:
            refuse("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
        missing = [one for one in called if one not in results]
        if missing:
            refuse(f"Expected toolResult blocks at {turn.place}.content for the following Ids: {', '.join(missing)}")
        if any(one not in called for one in results) or len(results) > len(called):
            refuse(
                f"The number of toolResult blocks at {turn.place}.content exceeds the number of toolUse blocks of "
                "previous turn."
            )
        called = turn.ids("toolUse")
        if len(set(called)) < len(called):
            refuse(f"The toolUse blocks at {turn.place}.content contain duplicate Ids.")
    if called:
        refuse(f"Expected toolResult blocks after {turns[-1].place} for the following Ids: {', '.join(called)}")


# --- blocks


def read_text(fields: Fields) -> Block:
    """Read a text, which must not be blank."""
    text = fields.needed_text("text")
    if not text.strip():
        refuse(
            f"The text field in the ContentBlock object at {fields.path} is blank. Add text to the text field, and try "
            "again.",
            fields.path,
        )
    return Block("text", text)


def _read_media(kind: str, formats: tuple[str, ...]) -> Callable[[Fields], Block]:
    def read(fields: Fields) -> Block:
        media = fields.needed_fields(kind)
        if kind != "document" or media.has("format"):
            media.needed_choice("format", formats)
        if kind == "document" and not _DOCUMENT_NAME.fullmatch(media.needed_text("name")):
            refuse(
                "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
                "parentheses, and square brackets. The name can't contain more than one consecutive whitespace "
                "character.",
                media.at("name"),
            )
        source = media.needed_fields("source")
        if source.has("text"):
            return Block(kind, other_text=source.needed_text("text"))
        if source.has("bytes"):
            _check_base64(source, "bytes")
        elif not source.has("s3Location") and not source.has("content"):
            refuse(f"The source at {source.path} must have bytes or an s3Location.", source.path)
        return Block(kind, other_tokens=MEDIA_TOKENS)

    return read


def _check_base64(fields: Fields, name: str) -> bytes:
    try:
        decoded = b64decode(fields.needed_text(name), validate=True)
    except (binascii.Error, ValueError):
        refuse(f"The value at {fields.at(name)} is not base64.", fields.at(name), "SerializationException")
    if not decoded:
        refuse(f"The value at {fields.at(name)} is empty.", fields.at(name))
    return decoded


def _tool_id(fields: Fields) -> str:
    tool_id = fields.needed_text("toolUseId")
    if not _TOOL_ID.fullmatch(tool_id):
        refuse(
            f"1 validation error detected: Value '{tool_id[:100]}' at '{fields.at('toolUseId')}' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+ and have at most 64 "
            "characters",
            fields.at("toolUseId"),
        )
    return tool_id


def _read_tool_use(fields: Fields) -> Block:
    call = fields.needed_fields("toolUse")
    name = call.needed_text("name")
    if not isinstance(call.members.get("input"), dict):
        refuse(f"The format of the value at {call.at('input')} is invalid. Provide a json object for the field.")
    arguments = msgspec.json.encode(call.members["input"]).decode()
    return Block("toolUse", other_text=name + arguments, tool_id=_tool_id(call), tool_name=name)


def _read_tool_result(fields: Fields) -> Block:
    result = fields.needed_fields("toolResult")
    result.choice("status", ("success", "error"))
    if not isinstance(result.members.get("content"), list):
        result.refuse_missing("content")
    found = [read_union(one, _RESULT_BLOCKS) for one in result.objects("content")] if result.members["content"] else []
    text = "\n".join(block.text for block in found if block.text)
    other_text = "".join(block.other_text for block in found)
    other_tokens = sum(block.other_tokens for block in found)
    return Block("toolResult", text, other_text, other_tokens, _tool_id(result))


def _read_search_result(fields: Fields) -> Block:
    found = fields.needed_fields("searchResult")
    if not isinstance(found.members.get("content"), list):
        found.refuse_missing("content")
    texts = [one.needed_text("text") for one in found.objects("content")]
    return Block(
        "searchResult", other_text="\n".join([found.needed_text("title"), found.needed_text("source"), *texts])
    )


def _read_json(fields: Fields) -> Block:
    return Block("json", msgspec.json.encode(fields.members["json"]).decode())


def _read_reasoning(fields: Fields) -> Block:
    reasoning = fields.needed_fields("reasoningContent")
    if reasoning.has("redactedContent"):
        signature, _, hidden = _check_base64(reasoning, "redactedContent").decode("latin-1").partition(".")
        if not is_signed("redacted", hidden, signature):
            refuse(f"Invalid redactedContent at {reasoning.path}", reasoning.path)
        return Block("reasoningContent", other_text=hidden)
    thought = reasoning.needed_fields("reasoningText")
    text = thought.needed_text("text")
    if not is_signed("thinking", text, thought.text("signature") or ""):
        refuse(
            "The model returned the following errors: Invalid `signature` in `thinking` block",
            thought.path,
        )
    return Block("reasoningContent", other_text=text)


_BLOCKS: Mapping[str, Callable[[Fields], Block]] = MappingProxyType(
    {
        "text": read_text,
        "image": _read_media("image", IMAGE_FORMATS),
        "document": _read_media("document", DOCUMENT_FORMATS),
        "toolUse": _read_tool_use,
        "toolResult": _read_tool_result,
        "reasoningContent": _read_reasoning,
        "searchResult": _read_search_result,
    }
)
_RESULT_BLOCKS: Mapping[str, Callable[[Fields], Block]] = MappingProxyType(
    {
        "json": _read_json,
        "text": lambda fields: Block("text", fields.needed_text("text")),
        "image": _read_media("image", IMAGE_FORMATS),
        "document": _read_media("document", DOCUMENT_FORMATS),
        "searchResult": _read_search_result,
    }
)

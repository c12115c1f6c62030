"""Messages and their blocks, from a caller of Anthropic's format to the neutral form.

Most bodies hold only blocks that the neutral form knows, and are decoded at once. When one does not decode, its blocks
are read one by one: those that only Anthropic knows (server tools and their results, search results) travel as they
are, members that nobody documents are noted, and everything else is refused with its path.

https://platform.claude.com/docs/en/api/messages/create, .../build-with-claude/citations, .../search-results,
.../agents-and-tools/tool-use/overview (read 2026-11-23). A document made of text blocks becomes one text, its blocks
parted by blank lines.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

import msgspec

from penstock.core.chat import (
    Block,
    CacheMarker,
    Citation,
    Document,
    FileSource,
    Image,
    InlineData,
    Message,
    RedactedThinking,
    Role,
    Source,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.wire.anthropic_messages import caller_nodes as nodes
from penstock.wire.anthropic_messages.caller_nodes import (
    ABSENT,
    check_json,
    read_node,
    refuse,
    type_of,
    undecodable,
)
from penstock.wire.anthropic_messages.vocabulary import FORMAT, VENDOR_BLOCKS
from penstock.wire.media_kinds import MEDIA_URL, SIGNATURES

ROLES: Mapping[str, Role] = MappingProxyType({"user": "user", "assistant": "assistant", "system": "system"})

_messages = msgspec.json.Decoder(list[nodes.MessageNode])
_string = msgspec.json.Decoder(str)
_EMPTY = msgspec.Raw(b"{}")
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_loose_message = msgspec.json.Decoder(nodes.LooseMessageNode)
_cache_control = msgspec.json.Decoder(nodes.CacheControl)
_citations_config = msgspec.json.Decoder(nodes.CitationsConfig)
_text_node = msgspec.json.Decoder(nodes.TextNode)
_base64 = msgspec.json.Decoder(nodes.Base64Source)
_url = msgspec.json.Decoder(nodes.UrlNode)
_file = msgspec.json.Decoder(nodes.FileNode)
_plain_text = msgspec.json.Decoder(nodes.PlainTextSource)
_content = msgspec.json.Decoder(nodes.ContentSource)
_NODES: Mapping[str, msgspec.json.Decoder[nodes.BlockNode]] = MappingProxyType(
    {
        "text": msgspec.json.Decoder(nodes.TextNode),
        "image": msgspec.json.Decoder(nodes.ImageNode),
        "document": msgspec.json.Decoder(nodes.DocumentNode),
        "tool_use": msgspec.json.Decoder(nodes.ToolUseNode),
        "tool_result": msgspec.json.Decoder(nodes.ToolResultNode),
        "thinking": msgspec.json.Decoder(nodes.ThinkingNode),
        "redacted_thinking": msgspec.json.Decoder(nodes.RedactedThinkingNode),
    }
)
_OF_ROLE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "user": frozenset({"text", "image", "document", "tool_result"}),
        "assistant": frozenset({"text", "tool_use", "thinking", "redacted_thinking"}),
        "system": frozenset({"text"}),
    }
)
"""Kinds of blocks each role may have, beside those only Anthropic knows."""


class _Place(msgspec.Struct, frozen=True):
    """A citation, as far as the neutral form says what it points at."""

    cited_text: str | None = None
    url: str | None = None
    title: str | None = None
    document_title: str | None = None
    document_index: int | None = None


_place = msgspec.json.Decoder(_Place)
_Turn = tuple[str, str | Sequence[nodes.BlockNode | VendorBlock]]


def lift_messages(raw: bytes, unread: list[str]) -> list[Message]:
    """Return the conversation; ``raw`` is the member ``messages``.

    Raises:
        InvalidRequest: not a list of messages; a result of a tool that was never called.
    """
    messages = [
        _message(role, content, f"messages[{number}]", unread)
        for number, (role, content) in enumerate(_turns(raw, unread))
    ]
    if not messages:
        refuse("messages", "At least one message is required.", "missing_field")
    _check_results(messages)
    return messages


def lift_system(raw: bytes, unread: list[str]) -> list[Block]:
    """Return the blocks of the member ``system``, a text or a list of text blocks.

    Raises:
        InvalidRequest: something else.
    """
    if not raw.startswith(b'"'):
        return [*_texts(_items(raw, "system"), "system", unread)]
    try:
        text = _string.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise undecodable(error, "system") from error
    return [Text(text, at="system")] if text else []


def lift_marker(raw: msgspec.Raw, at: str, unread: list[str]) -> CacheMarker | None:
    """Return the cache marker of what stands at ``at``; ``raw`` is its ``cache_control``.

    Raises:
        InvalidRequest: no cache marker.
    """
    if raw == ABSENT:
        return None
    return CacheMarker(read_node(_cache_control, raw, f"{at}.cache_control".lstrip("."), unread).ttl)


# --- turns


def _turns(raw: bytes, unread: list[str]) -> Iterator[_Turn]:
    try:
        plain = _messages.decode(raw)
    except msgspec.ValidationError:
        for number, item in enumerate(_items(raw, "messages")):
            at = f"messages[{number}]"
            message = read_node(_loose_message, item, at, unread)
            if isinstance(message.content, str):
                yield message.role, message.content
            else:
                blocks = enumerate(message.content)
                yield message.role, [_read_block(block, f"{at}.content[{index}]", unread) for index, block in blocks]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise undecodable(error, "messages") from error
    else:
        for node in plain:
            yield node.role, node.content


def _read_block(raw: msgspec.Raw, at: str, unread: list[str]) -> nodes.BlockNode | VendorBlock:
    kind = type_of(raw, at)
    decoder = _NODES.get(kind)
    if decoder is not None:
        return read_node(decoder, raw, at, unread)
    if kind not in VENDOR_BLOCKS:
        refuse(f"{at}.type", f"{_named(kind)} is no type of content block; types are {', '.join(_NODES)}.")
    return VendorBlock(FORMAT, kind, msgspec.Raw(bytes(raw)), at)


def _message(role: str, content: str | Sequence[nodes.BlockNode | VendorBlock], at: str, unread: list[str]) -> Message:
    speaker = ROLES.get(role)
    if speaker is None:
        refuse(f"{at}.role", f"{_named(role)} is no role here; roles are {', '.join(ROLES)}.")
    if isinstance(content, str):
        return Message(speaker, [Text(content, at=f"{at}.content")], at=at)
    blocks = [_block(node, speaker, f"{at}.content[{number}]", unread) for number, node in enumerate(content)]
    return Message(speaker, blocks, at=at)


def _check_results(messages: list[Message]) -> None:
    """Refuse the result of a tool call that no earlier turn made."""
    called: set[str] = set()
    for message in messages:
        for block in message.blocks:
            if isinstance(block, ToolCall):
                called.add(block.id)
            elif isinstance(block, ToolResult) and block.call_id not in called:
                text = "This result belongs to no tool_use block of an earlier message."
                refuse(f"{block.at}.tool_use_id", text, "tool_result_without_call")


# --- blocks


def _block(node: nodes.BlockNode | VendorBlock, role: Role, at: str, unread: list[str]) -> Block:
    if isinstance(node, nodes.TextNode):  # most blocks, and every role may have them
        return _text(node, at, unread)
    if isinstance(node, VendorBlock):
        return node
    kind = node.__struct_config__.tag
    if kind not in _OF_ROLE[role]:
        refuse(at, f"A {kind} block cannot stand in a message of the role {role}.")
    match node:
        case nodes.ImageNode():
            return _image(node, at, unread)
        case nodes.DocumentNode():
            return _document(node, at, unread)
        case nodes.ToolUseNode():
            return _tool_use(node, at, unread)
        case nodes.ToolResultNode():
            return _tool_result(node, at, unread)
        case nodes.ThinkingNode():
            return Thinking(node.thinking, node.signature or None, at)
        case nodes.RedactedThinkingNode():
            return RedactedThinking(node.data, at)
        case _:
            assert_never(node)


def _text(node: nodes.TextNode, at: str, unread: list[str]) -> Text:
    if node.cache_control is ABSENT and node.citations is None and node.extra_content is None:
        return Text(node.text, at=at)
    citations = tuple([_citation(raw) for raw in node.citations or ()])
    marker = lift_marker(node.cache_control, at, unread)
    return Text(node.text, marker, citations, _signature(node.extra_content), at)


def _texts(items: list[msgspec.Raw], at: str, unread: list[str]) -> Iterator[Text]:
    for number, raw in enumerate(items):
        here = f"{at}[{number}]"
        if type_of(raw, here) != "text":
            refuse(here, "Only text blocks can stand here.")
        yield _text(read_node(_text_node, raw, here, unread), here, unread)


def _citation(raw: msgspec.Raw) -> Citation:
    try:
        place = _place.decode(raw)
    except msgspec.DecodeError:  # Anthropic's own words, given back; whoever needs them reads them
        place = _Place()
    return Citation(
        url=place.url,
        title=place.title or place.document_title,
        cited_text=place.cited_text,
        document_index=place.document_index,
        vendor=FORMAT,
        raw=msgspec.Raw(bytes(raw)),
    )


def _tool_use(node: nodes.ToolUseNode, at: str, unread: list[str]) -> ToolCall:
    if node.caller != ABSENT and type_of(node.caller, f"{at}.caller") != "direct":
        unread.append(f"{at}.caller")
    if node.toolset_name is not None:
        unread.append(f"{at}.toolset_name")
    arguments = check_json(node.input, f"{at}.input")
    marker = lift_marker(node.cache_control, at, unread)
    return ToolCall(node.id, node.name, arguments, _signature(node.extra_content), marker, at)


def _signature(extra: nodes.Extra | None) -> str | None:
    return None if extra is None else extra.google.thought_signature


def _tool_result(node: nodes.ToolResultNode, at: str, unread: list[str]) -> ToolResult:
    if node.toolset_name is not None:
        unread.append(f"{at}.toolset_name")
    content: tuple[Text | Image | Document | VendorBlock, ...]
    if isinstance(node.content, str):
        content = (Text(node.content, at=f"{at}.content"),)
    else:
        items = enumerate(node.content or ())
        content = tuple([_result_part(raw, f"{at}.content[{number}]", unread) for number, raw in items])
    return ToolResult(node.tool_use_id, content, node.is_error, lift_marker(node.cache_control, at, unread), at)


def _result_part(raw: msgspec.Raw, at: str, unread: list[str]) -> Text | Image | Document | VendorBlock:
    node = _read_block(raw, at, unread)
    if isinstance(node, VendorBlock):
        return node
    if isinstance(node, nodes.TextNode):
        return _text(node, at, unread)
    if isinstance(node, nodes.ImageNode):
        return _image(node, at, unread)
    if not isinstance(node, nodes.DocumentNode):
        refuse(at, "A tool's result is made of text, images and documents.")
    return _document(node, at, unread)


# --- media


def _image(node: nodes.ImageNode, at: str, unread: list[str]) -> Image:
    if node.transformations not in (ABSENT, _EMPTY):
        unread.append(f"{at}.transformations")
    here = f"{at}.source"
    source = _source(node.source, here, unread)
    if source is None:
        refuse(f"{here}.type", "The source of an image is base64, url or file.")
    if isinstance(source, InlineData):
        if not source.media_type.startswith("image/"):
            refuse(f"{here}.media_type", "The media type of an image begins with image/.")
        _check_base64(source.data, f"{here}.data")
        if not _is_what_it_says(source):
            refuse(f"{here}.data", f"The data is not an image of the type {source.media_type[:40]}.", "invalid_image")
    return Image(source, cache=lift_marker(node.cache_control, at, unread), at=at)


def _document(node: nodes.DocumentNode, at: str, unread: list[str]) -> Document | VendorBlock:
    cite = None
    if node.citations != ABSENT:
        cite = read_node(_citations_config, node.citations, f"{at}.citations", unread).enabled
    source = _source(node.source, f"{at}.source", unread) or _document_source(node.source, f"{at}.source", unread)
    if source is None:
        return VendorBlock(FORMAT, "document", msgspec.Raw(msgspec.json.encode(node)), at)
    if isinstance(source, InlineData):
        _check_base64(source.data, f"{at}.source.data")
    marker = lift_marker(node.cache_control, at, unread)
    return Document(source, node.title, node.context, cite, marker, at)


def _check_base64(data: str, at: str) -> None:
    try:
        if not binascii.a2b_base64(data, strict_mode=True):
            refuse(at, "There is no data.")
    except (binascii.Error, ValueError):
        refuse(at, "The data is not base64.")


def _is_what_it_says(source: InlineData) -> bool:
    """Say whether a picture begins as those of its type do; of types that are not known, nothing can be said."""
    begins = SIGNATURES.get("image/jpeg" if source.media_type == "image/jpg" else source.media_type)
    return begins is None or begins.match(binascii.a2b_base64(source.data[:24])) is not None


def _source(raw: msgspec.Raw, at: str, unread: list[str]) -> Source | None:
    """Return a source that images and documents share; None when it is another."""
    match type_of(raw, at):
        case "base64":
            data = read_node(_base64, raw, at, unread)
            return InlineData(data.media_type, data.data)
        case "url":
            url = read_node(_url, raw, at, unread).url
            if not MEDIA_URL.fullmatch(url):
                refuse(f"{at}.url", "A URL begins with https, http, gs or s3.")
            return UrlSource(url)
        case "file":
            return FileSource(read_node(_file, raw, at, unread).file_id)
        case _:
            return None


def _document_source(raw: msgspec.Raw, at: str, unread: list[str]) -> Source | None:
    """Return a source that only documents have; None for a document in which there are pictures."""
    kind = type_of(raw, at)
    if kind == "text":
        return TextSource(read_node(_plain_text, raw, at, unread).data)
    if kind != "content":
        text = f"{_named(kind)} is no source of a document; sources are base64, url, file, text, content."
        refuse(f"{at}.type", text)
    content = read_node(_content, raw, at, unread).content
    if isinstance(content, str):
        return TextSource(content)
    here = f"{at}.content"
    if any(type_of(item, f"{here}[{number}]") == "image" for number, item in enumerate(content)):
        return None
    return TextSource("\n\n".join(text.text for text in _texts(content, here, unread)))


def _items(raw: bytes, at: str) -> list[msgspec.Raw]:
    try:
        return _raw_list.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise undecodable(error, at) from error


def _named(word: str) -> str:
    return f'"{word[:40]}"'

"""Content blocks of a Converse answer as neutral blocks.

Every member of the ``ContentBlock`` union of botocore's service model 1.44 is read; one that is newer, or that only
Bedrock knows (tools it ran itself, guarded content), is kept as a ``VendorBlock``. Nothing in a block is required.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import (
    Audio,
    Block,
    Citation,
    Image,
    InlineData,
    RedactedThinking,
    Source,
    Text,
    Thinking,
    ToolCall,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_format import AnswerContext
from penstock.wire.bedrock_converse.vocabulary import AUDIO_MEDIA_TYPES, FORMAT

SERVER_TOOL = "server_tool_use"
NO_ARGUMENTS = msgspec.Raw(b"{}")
ABSENT = msgspec.Raw(b"")
UNSAID = (ABSENT, msgspec.Raw(b"null"))
"""A member that is not there, or null."""


class _Location(msgspec.Struct, rename="camel"):
    web: dict[str, str | None] | None = None
    document_char: dict[str, int | None] | None = None
    document_page: dict[str, int | None] | None = None
    document_chunk: dict[str, int | None] | None = None
    search_result_location: dict[str, int | None] | None = None


class _Text(msgspec.Struct):
    text: str | None = None


class _Citation(msgspec.Struct, rename="camel"):
    title: str | None = None
    source: str | None = None
    source_content: list[_Text] | None = None
    location: _Location | None = None


class _CitationsContent(msgspec.Struct):
    content: list[_Text] | None = None
    citations: list[msgspec.Raw] | None = None


class _ReasoningText(msgspec.Struct):
    text: str | None = None
    signature: str | None = None


class _Reasoning(msgspec.Struct, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _S3Location(msgspec.Struct):
    uri: str | None = None


class MediaSource(msgspec.Struct, rename={"data": "bytes", "s3_location": "s3Location"}):
    """Where the bytes of a picture or of sound are."""

    data: str | None = None
    s3_location: _S3Location | None = None


class _Media(msgspec.Struct):
    format: str | None = None
    source: MediaSource | None = None


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NO_ARGUMENTS
    type: str | None = None


class ContentBlock(msgspec.Struct, rename="camel"):
    """A content block of an answer, of which one member says what it is."""

    text: str | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _CitationsContent | None = None
    image: _Media | None = None
    audio: _Media | None = None


KNOWN_VENDOR_BLOCKS: frozenset[str] = frozenset(
    {
        "document",
        "video",
        "toolUse",
        "toolResult",
        "guardContent",
        "cachePoint",
        "searchResult",
        "toolAddition",
        "toolRemoval",
        "image",
        "audio",
        "reasoningContent",
    }
)
"""Members of the union for which the neutral form has no block of its own in an answer, at least not always."""

_citation_decoder = msgspec.json.Decoder(_Citation)
_members_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def begin_call(call_id: str | None, name: str | None, arguments: str) -> ToolCall:
    """Return the call of a tool.

    Raises:
        ValueError: it has no id or no name, so nobody could answer it.
    """
    if not call_id or not name:
        msg = "a call of a tool without an id or a name"
        raise ValueError(msg)
    return ToolCall(call_id, name, arguments)


def lift_block(block: ContentBlock) -> Block | None:
    """Return what a content block holds beside text; None when the neutral form has no block of its own for it.

    Raises:
        ValueError: a call that nobody could answer.
    """
    if block.tool_use is not None and block.tool_use.type != SERVER_TOOL:
        return begin_call(block.tool_use.tool_use_id, block.tool_use.name, read_arguments(block.tool_use.input))
    if block.reasoning_content is not None:
        lifted = _lift_reasoning(block.reasoning_content)
        if lifted is not None:
            return lifted
    if block.citations_content is not None:
        return _lift_cited_text(block.citations_content)
    if block.image is not None and block.image.source is not None:
        source = read_source(block.image.source, f"image/{block.image.format or 'png'}")
        if source is not None:
            return Image(source)
    if block.audio is not None and block.audio.source is not None:
        word = block.audio.format or "wav"
        source = read_source(block.audio.source, AUDIO_MEDIA_TYPES.get(word, f"audio/{word}"))
        if source is not None:
            return Audio(source)
    return None


def read_arguments(given: msgspec.Raw) -> str:
    """Return the input of a tool as the text it came in."""
    text = bytes(given).decode()
    return "{}" if text in {"", "null"} else text


def read_source(source: MediaSource, media_type: str) -> Source | None:
    """Return the bytes or the place in S3; None when neither is given."""
    if source.data:
        return InlineData(media_type, source.data)
    if source.s3_location is not None and source.s3_location.uri:
        return UrlSource(source.s3_location.uri, media_type)
    return None


def read_citation(raw: msgspec.Raw, *, end: int | None = None) -> Citation:
    """Return a citation of the text up to ``end`` (characters), where that is known."""
    said = _citation_decoder.decode(raw)
    location = said.location or _Location()
    url = (location.web or {}).get("url")
    if url is None and (said.source or "").startswith(("https://", "http://")):
        url = said.source
    place = location.document_char or location.document_page or location.document_chunk or {}
    cited = "".join(part.text or "" for part in said.source_content or ())
    return Citation(
        url=url,
        title=said.title or said.source,
        cited_text=cited or None,
        start=None if end is None else 0,
        end=end,
        document_index=place.get("documentIndex"),
        vendor=FORMAT,
        raw=msgspec.Raw(bytes(raw)),
    )


def _lift_reasoning(reasoning: _Reasoning) -> Block | None:
    if reasoning.reasoning_text is not None:
        return Thinking(reasoning.reasoning_text.text or "", reasoning.reasoning_text.signature or None)
    return None if reasoning.redacted_content is None else RedactedThinking(reasoning.redacted_content)


def _lift_cited_text(cited: _CitationsContent) -> Text:
    text = "".join(part.text or "" for part in cited.content or ())
    return Text(text, citations=tuple(read_citation(raw, end=len(text)) for raw in cited.citations or ()))


def keep_block(raw: msgspec.Raw, context: AnswerContext) -> list[Block]:
    """Return a block as Bedrock's own, none for one that is empty; a member outside the union is counted."""
    for name, value in _members_decoder.decode(raw).items():
        if value in UNSAID:
            continue
        if name not in KNOWN_VENDOR_BLOCKS:
            context.note(f"content={name}")
        kind = SERVER_TOOL if name == "toolUse" else name
        return [VendorBlock(FORMAT, kind, msgspec.Raw(bytes(raw)))]
    return []

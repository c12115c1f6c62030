"""Blocks of a message in Anthropic's form: texts, media, calls of tools and their results, thinking.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/vision, .../pdf-support, .../citations,
.../files (read 2026-11-23). Pictures are JPEG, PNG, GIF or WebP; documents are PDF or plain text; both come inline, by
URL, or as a file uploaded before. How blocks form turns is the business of ``lower_turns``.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from penstock.core.chat import (
    Block,
    Document,
    FileSource,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Source,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.core.errors import InvalidRequest
from penstock.wire.anthropic_messages.lower_tools import check_tool_name
from penstock.wire.anthropic_messages.vocabulary import (
    FILES_BETA,
    FORMAT,
    IMAGE_MEDIA_TYPES,
    MEDIA_TYPE_SPELLINGS,
    PDF_MEDIA_TYPE,
    TEXT_MEDIA_TYPE,
)
from penstock.wire.anthropic_messages.writing import Writing, cache_control
from penstock.wire.claude_thinking import is_claudes

Written = dict[str, object] | msgspec.Raw
"""A block as it is sent; ``Raw`` is the vendor's own, passed on as it came."""

_ERROR_TEXT = "The tool failed and gave no message."
_OBJECT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def write_user_block(block: Block, writing: Writing) -> Written | None:
    """Write a block of a user's turn; None when it has nothing to say.

    Raises:
        InvalidRequest: it is something this API cannot be given (``code="unsupported_content"``).
    """
    match block:
        case Text():
            return write_text(block, writing)
        case ToolResult():
            return _tool_result(block, writing)
        case Image() | Document():
            return _media(block, writing)
        case VendorBlock():
            return _vendor_block(block, writing)
        case _:
            raise _unsupported(block.at, f"{type(block).__name__} content in a user's message")


def write_assistant_block(block: Block, writing: Writing) -> Written | None:
    """Write a block of the assistant's turn; None when it has nothing to say or cannot be sent back.

    Raises:
        InvalidRequest: it is something the assistant cannot have said (``code="unsupported_content"``).
    """
    match block:
        case Text():
            return write_text(block, writing)
        case ToolCall():
            return _tool_call(block, writing)
        case Thinking():
            if is_claudes(block.signature):
                return {"type": "thinking", "thinking": block.text, "signature": block.signature}
            writing.losses.at(block.at, "thinking can only be sent back with Anthropic's signature")
            return None
        case RedactedThinking():
            return {"type": "redacted_thinking", "data": block.data}
        case Refusal():
            writing.losses.at(block.at, "a refusal is text here", "approximated")
            return write_text(Text(block.text, at=block.at), writing)
        case VendorBlock():
            return _vendor_block(block, writing)
        case _:
            raise _unsupported(block.at, f"{type(block).__name__} content in an assistant's message")


def write_text(block: Text, writing: Writing) -> Written | None:
    """Write a text; None when it has nothing to say."""
    text = block.text
    if not text or text.isspace():
        if text:
            writing.losses.at(block.at, "this provider refuses text of white space alone")
        if block.cache is not None:
            writing.losses.at(f"{block.at}.cache_control", "an empty text cannot be marked")
        return None
    written: dict[str, object] = {"type": "text", "text": text}
    if block.signature:
        writing.losses.at(block.at, "the signature on this text is another vendor's")
    if block.citations:
        own = [citation.raw for citation in block.citations if citation.vendor == FORMAT and bytes(citation.raw)]
        if own:
            written["citations"] = own
        if len(own) != len(block.citations):
            writing.losses.at(block.at, "citations of another vendor")
    if block.cache is not None:
        cache_control(block.cache, block.at, written, writing)
    return written


def _tool_call(block: ToolCall, writing: Writing) -> Written:
    arguments = block.arguments.strip() or "{}"
    try:
        _OBJECT.decode(arguments)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        msg = "The arguments of a tool call must be the text of a JSON object."
        raise InvalidRequest(msg, code="invalid_tool_arguments", param=block.at) from error
    if block.signature:
        writing.losses.at(block.at, "the signature on this call is another vendor's")
    written: dict[str, object] = {
        "type": "tool_use",
        "id": writing.call_id(block.id, block.at),
        "name": check_tool_name(block.name, block.at),
        "input": msgspec.Raw(arguments.encode()),
    }
    if block.cache is not None:
        cache_control(block.cache, block.at, written, writing)
    return written


def _tool_result(block: ToolResult, writing: Writing) -> Written:
    written: dict[str, object] = {"type": "tool_result", "tool_use_id": writing.result_id(block.call_id)}
    content = [part for part in (write_user_block(part, writing) for part in block.content) if part is not None]
    if not content and block.is_error:
        content = [{"type": "text", "text": _ERROR_TEXT}]  # an error must say something
    if content:
        written["content"] = content
    if block.is_error is not None:
        written["is_error"] = block.is_error
    if block.cache is not None:
        cache_control(block.cache, block.at, written, writing)
    return written


def _vendor_block(block: VendorBlock, writing: Writing) -> Written | None:
    if block.vendor == FORMAT:
        return block.raw
    writing.losses.at(block.at, f"content that only {block.vendor} knows")
    return None


def _media(block: Image | Document, writing: Writing) -> Written:
    """Write a picture or a document; which of the two it is, its media type knows better than the caller."""
    source = block.source
    media_type = _media_type(source)
    is_image = media_type in IMAGE_MEDIA_TYPES if media_type else isinstance(block, Image)
    written: dict[str, object] = {"type": "image" if is_image else "document"}
    if is_image:
        written["source"] = _image_source(source, media_type, block.at, writing)
    else:
        written["source"] = _document_source(source, media_type, block.at, writing)
    if isinstance(block, Image):
        if block.detail not in {None, "auto"}:
            writing.losses.at(block.at, "this provider has no detail setting")
    elif not is_image:
        _document_members(block, written)
    elif block.title or block.context or block.cite:
        writing.losses.at(block.at, "a picture has no title, context or citations here")
    if block.cache is not None:
        cache_control(block.cache, block.at, written, writing)
    return written


def _document_members(block: Document, written: dict[str, object]) -> None:
    if block.title:
        written["title"] = block.title
    if block.context:
        written["context"] = block.context
    if block.cite is not None:
        written["citations"] = {"enabled": block.cite}


def _media_type(source: Source) -> str | None:
    """Return the media type where it is known: as said, or by the end of a URL's path."""
    if isinstance(source, TextSource):
        return TEXT_MEDIA_TYPE
    if isinstance(source, FileSource):
        return None
    said = source.media_type
    if said is None and isinstance(source, UrlSource) and source.url.partition("?")[0].lower().endswith(".pdf"):
        return PDF_MEDIA_TYPE
    if said is None:
        return None
    plain = said.partition(";")[0].strip().lower()
    return MEDIA_TYPE_SPELLINGS.get(plain, plain)


def _image_source(source: Source, media_type: str | None, at: str, writing: Writing) -> dict[str, object]:
    if isinstance(source, InlineData):
        return {"type": "base64", "media_type": media_type, "data": source.data}
    return _remote_source(source, at, writing)


def _document_source(source: Source, media_type: str | None, at: str, writing: Writing) -> dict[str, object]:
    if isinstance(source, TextSource):
        return {"type": "text", "media_type": TEXT_MEDIA_TYPE, "data": source.text}
    if not isinstance(source, InlineData):
        if media_type not in {None, PDF_MEDIA_TYPE}:
            raise _unsupported(at, f"media of type {media_type}")
        return _remote_source(source, at, writing)
    if media_type == PDF_MEDIA_TYPE:
        return {"type": "base64", "media_type": PDF_MEDIA_TYPE, "data": source.data}
    if media_type is None or not media_type.startswith("text/"):
        raise _unsupported(at, f"media of type {media_type}")
    if media_type != TEXT_MEDIA_TYPE:
        writing.losses.at(at, f"{media_type} is sent as plain text", "approximated")
    return {"type": "text", "media_type": TEXT_MEDIA_TYPE, "data": _decoded(source.data, at)}


def _decoded(data: str, at: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        msg = "A text document must be base64 of UTF-8 text."
        raise InvalidRequest(msg, code="invalid_content", param=at) from error


def _remote_source(source: Source, at: str, writing: Writing) -> dict[str, object]:
    if isinstance(source, FileSource):
        writing.betas.add(FILES_BETA)
        return {"type": "file", "file_id": source.file_id}
    if isinstance(source, UrlSource) and source.url.lower().startswith(("https://", "http://")):
        return {"type": "url", "url": source.url}
    raise _unsupported(at, "media at a URL that is not http or https")


def _unsupported(at: str, what: str) -> InvalidRequest:
    msg = f"This model's provider cannot be given {what}; pictures (JPEG, PNG, GIF, WebP), PDF and text work."
    return InvalidRequest(msg, code="unsupported_content", param=at)

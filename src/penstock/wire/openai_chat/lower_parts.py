"""Neutral content to OpenAI's parts, and what OpenAI's parts cannot say.

Content that cannot be carried and would change the question is refused (``unsupported_content``), never left out. A
document that is text becomes a text part, since OpenAI's files are PDFs to most models.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from penstock.core.chat import (
    Audio,
    Block,
    CacheMarker,
    Document,
    FileSource,
    Image,
    InlineData,
    Text,
    TextSource,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.wire import search_result
from penstock.wire.openai_chat.invalid import refuse
from penstock.wire.openai_chat.vocabulary import AUDIO_FORMATS, FILE_TYPES

JsonPart = dict[str, object]
_ENDINGS = {media_type: ending for ending, media_type in FILE_TYPES.items()}


def write_content(texts: Iterable[Text], losses: Losses) -> str | list[JsonPart]:
    """Return text as a string, or as parts where it stands in several blocks."""
    return plain_or_parts([write_text(text, losses) for text in texts])


def write_parts(blocks: Iterable[Block], losses: Losses) -> list[JsonPart]:
    """Return the parts of a user's turn.

    Raises:
        InvalidRequest: content that OpenAI cannot be given.
    """
    parts: list[JsonPart] = []
    for block in blocks:
        match block:
            case Text():
                parts.append(write_text(block, losses))
            case Image():
                parts.append(_image(block, losses))
            case Audio():
                parts.append(_audio(block, losses))
            case Document():
                parts.append(_document(block, losses))
            case VendorBlock(kind=search_result.KIND):
                parts.append(write_text(search_result.read_text(block, losses), losses))
            case _:
                report_block(block, losses)
    return parts


def plain_or_parts(parts: list[JsonPart]) -> str | list[JsonPart]:
    """Return the content of a message that has these parts, in OpenAI's short form where one text is all there is."""
    if not parts:
        return ""
    text = parts[0].get("text")
    return text if len(parts) == 1 and isinstance(text, str) else parts


def write_text(text: Text, losses: Losses) -> JsonPart:
    """Return a text part."""
    report_marker(text.cache, text.at, losses)
    if text.citations:
        losses.at(f"{text.at}.citations", "OpenAI takes no citations back")
    return {"type": "text", "text": text.text}


def report_marker(cache: CacheMarker | None, at: str, losses: Losses) -> None:
    """Report a cache marker; OpenAI's own exist for few models, and a model without them refuses the request."""
    if cache is not None:
        losses.at(f"{at}.cache_control", "OpenAI caches prompts by itself")


def report_block(block: Block, losses: Losses) -> None:
    """Report a block that has no place where it stands; refuse it when the question would be another without it."""
    if isinstance(block, Image | Audio | Document):
        _refuse(block.at, "this provider takes pictures, sound and documents in messages of users only")
    if isinstance(block, VendorBlock) and block.kind == "document":
        _refuse(block.at, "this provider takes no documents that are made of blocks")
    if isinstance(block, VendorBlock):
        losses.at(block.at, f"{block.kind} is a block of another vendor")
    else:
        losses.at(block.at, "OpenAI has no place for this in such a message")


def _refuse(at: str, what: str) -> NoReturn:
    refuse(f'"{at}": {what}.', at, "unsupported_content")


def _image(image: Image, losses: Losses) -> JsonPart:
    report_marker(image.cache, image.at, losses)
    match image.source:
        case InlineData(media_type=media_type, data=data):
            url = f"data:{media_type};base64,{data}"
        case UrlSource(url=url) if url[:4].lower() == "http":
            pass
        case UrlSource():
            _refuse(image.at, "this provider fetches pictures from http and https only")
        case _:
            _refuse(image.at, "this provider takes pictures as data or by URL only")
    link: JsonPart = {"url": url}
    if image.detail is not None:
        link["detail"] = image.detail
    return {"type": "image_url", "image_url": link}


def _audio(audio: Audio, losses: Losses) -> JsonPart:
    report_marker(audio.cache, audio.at, losses)
    source = audio.source
    word = AUDIO_FORMATS.get(source.media_type) if isinstance(source, InlineData) else None
    if word is None or not isinstance(source, InlineData):
        _refuse(audio.at, "this provider takes sound as wav or mp3 data only")
    return {"type": "input_audio", "input_audio": {"data": source.data, "format": word}}


def _document(document: Document, losses: Losses) -> JsonPart:
    report_marker(document.cache, document.at, losses)
    if document.context is not None:
        losses.at(f"{document.at}.context", "OpenAI's files have no context")
    if document.cite:
        losses.at(f"{document.at}.citations", "OpenAI does not cite files in chat")
    source = document.source
    match source:
        case InlineData(media_type=media_type, data=data):
            name = document.title or "document"
            if "." not in name:
                name = f"{name}.{_ENDINGS.get(media_type, 'bin')}"
            return {"type": "file", "file": {"filename": name, "file_data": f"data:{media_type};base64,{data}"}}
        case TextSource(text=text):
            losses.at(document.at, "the document is given as text", "approximated")
            return {"type": "text", "text": f"{document.title}\n\n{text}" if document.title else text}
        case FileSource(file_id=file_id):
            return {"type": "file", "file": {"file_id": file_id}}
        case _:
            _refuse(
                document.at, "this provider takes documents as data, not by URL; the gateway may fetch it (fetch.hosts)"
            )

"""Pictures, sound, video and documents in the blocks of Converse.

Bytes travel as base64 text. A URL is taken for S3 only; nothing is fetched here. What a block cannot carry is refused,
because a question without its picture is another question.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html (read 2026-11-23): a document has
a name, of few kinds of letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from penstock.core.chat import Audio, Document, FileSource, Image, InlineData, Source, TextSource, UrlSource
from penstock.core.errors import InvalidRequest
from penstock.wire.bedrock_converse.vocabulary import (
    AUDIO_FORMATS,
    DOCUMENT_FORMATS,
    FORMATS_OF_ENDINGS,
    IMAGE_FORMATS,
    VIDEO_FORMATS,
)
from penstock.wire.bedrock_converse.writing import Json, Writing


def refuse(message: str, at: str) -> NoReturn:
    """Refuse content whose loss would change the question.

    Raises:
        InvalidRequest: always, with ``code="unsupported_content"``.
    """
    raise InvalidRequest(message, code="unsupported_content", param=at)


def write_image(block: Image, writing: Writing) -> Json:
    """Return the ``image`` block; the detail asked for is lost."""
    if block.detail not in {None, "auto"}:
        writing.losses.at(f"{block.at}.detail", "pictures have no detail to choose here")
    return {
        "image": {"format": _format(block.source, IMAGE_FORMATS, block.at), "source": _bytes(block.source, block.at)}
    }


def write_audio(block: Audio) -> Json:
    """Return the ``audio`` block."""
    return {
        "audio": {"format": _format(block.source, AUDIO_FORMATS, block.at), "source": _bytes(block.source, block.at)}
    }


def write_document(block: Document, writing: Writing) -> Json:
    """Return the ``document`` block, or the ``video`` block for a file that is one."""
    source = block.source
    if isinstance(source, InlineData | UrlSource) and (source.media_type or "") in VIDEO_FORMATS:
        return {"video": {"format": VIDEO_FORMATS[source.media_type or ""], "source": _bytes(source, block.at)}}
    if isinstance(source, TextSource):
        ending = "txt"
        written: Json = {"text": source.text}
    else:
        ending = _format(source, DOCUMENT_FORMATS, block.at, block.title)
        written = _bytes(source, block.at)
    document: Json = {
        "format": ending,
        "name": writing.document_name(block.title, ending, block.at),
        "source": written,
    }
    if block.context:
        document["context"] = block.context
    if block.cite is not None:
        document["citations"] = {"enabled": block.cite}
    return {"document": document}


def _format(source: Source, formats: Mapping[str, str], at: str, title: str | None = None) -> str:
    """Return the format by the media type, else by the ending of the URL or the title."""
    media_type = source.media_type if isinstance(source, InlineData | UrlSource) else None
    found = formats.get((media_type or "").split(";", 1)[0].strip().lower())
    if found is None:
        name = source.url if isinstance(source, UrlSource) else title or ""
        ending = FORMATS_OF_ENDINGS.get(name.rpartition(".")[2].lower())
        found = ending if ending in formats.values() else None
    if found is None:
        if isinstance(source, UrlSource) and not source.url.startswith("s3://"):
            _bytes(source, at)
        known = ", ".join(sorted(set(formats.values())))
        refuse(f"This provider does not take {media_type or 'a file of unknown type'} here; it takes: {known}.", at)
    return found


def _bytes(source: Source, at: str) -> Json:
    match source:
        case InlineData():
            return {"bytes": source.data}
        case UrlSource() if source.url.startswith("s3://"):
            return {"s3Location": {"uri": source.url}}
        case UrlSource():
            refuse(
                "This provider fetches no URLs but s3://; send the data itself (a data URI), or let the gateway "
                "fetch it (fetch.hosts in its configuration).",
                at,
            )
        case FileSource():
            refuse("This provider has no uploaded files; send the data itself (a data URI).", at)
        case TextSource():
            refuse("Plain text can only be a document.", at)

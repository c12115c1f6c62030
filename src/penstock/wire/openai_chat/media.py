"""Pictures, sound and files in OpenAI's parts: data URIs, URLs and file ids to neutral sources.

What is not what it says it is (not base64, not a picture of its type) is refused here, because every provider would
refuse it in words that name its own members and not the caller's. Nothing is fetched.

Data URIs: RFC 2397. Parts: https://developers.openai.com/api/reference/resources/chat (read 2026-11-23).
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

from penstock.core.chat import Audio, CacheMarker, Document, FileSource, Image, InlineData, TextSource, UrlSource
from penstock.wire.media_kinds import MEDIA_URL
from penstock.wire.openai_chat.invalid import refuse
from penstock.wire.openai_chat.request_body import FileContent, ImageUrl, InputAudio
from penstock.wire.openai_chat.vocabulary import AUDIO_TYPES, FILE_TYPES, IMAGE_BEGINNINGS

_DATA_URI = re.compile(r"data:([^;,]*)(?:;(?!base64,)[^;,]*)*(;base64)?,", re.IGNORECASE)
PDF = "application/pdf"
_PDF_BEGINNING = "JVBERi0"


class _Data(NamedTuple):
    media_type: str
    data: str


def read_image(part: ImageUrl, cache: CacheMarker | None, at: str) -> Image | Document:
    """Return the picture of an ``image_url``; a PDF where one stands there instead, as clients do it."""
    path = f"{at}.image_url.url"
    url = part.url
    if url[:5].lower() != "data:":
        if not MEDIA_URL.fullmatch(url):
            refuse(f'"{path}" must be a URL (https, http, gs, s3) or a data URI.', path)
        if url.split("?", 1)[0].lower().endswith(".pdf"):
            return Document(UrlSource(url, PDF), cache=cache, at=at)
        return Image(UrlSource(url), part.detail, cache, at)
    media_type, data = _read_data_uri(url, path)
    if media_type == PDF:
        return Document(InlineData(PDF, data), cache=cache, at=at)
    return Image(_image_data(media_type, data, path), part.detail, cache, at)


def read_audio(part: InputAudio, cache: CacheMarker | None, at: str) -> Audio:
    """Return the sound of an ``input_audio``."""
    path = f"{at}.input_audio.data"
    _check_base64(part.data, path)
    word = part.format.lower()
    return Audio(InlineData(AUDIO_TYPES.get(word, f"audio/{word}"), part.data), cache, at)


def read_file(part: FileContent, cache: CacheMarker | None, at: str) -> Document | Image | Audio:
    """Return what a ``file`` is: a document, or the picture or sound that its data says it is."""
    if part.file_id is not None:
        return Document(FileSource(part.file_id), part.filename, cache=cache, at=at)
    path = f"{at}.file.file_data"
    if part.file_data is None:
        refuse(f'"{at}.file" must have file_data or file_id.', f"{at}.file")
    if part.file_data[:5].lower() == "data:":
        media_type, data = _read_data_uri(part.file_data, path)
    else:
        media_type, data = _type_by_name(part, path), part.file_data
        _check_base64(data, path)
    if media_type.startswith("image/"):
        return Image(_image_data(media_type, data, path), cache=cache, at=at)
    if media_type.startswith("audio/"):
        return Audio(InlineData(media_type, data), cache, at)
    if media_type == "text/plain":
        return Document(_text_source(data, path), part.filename, cache=cache, at=at)
    return Document(InlineData(media_type, data), part.filename, cache=cache, at=at)


def _read_data_uri(uri: str, path: str) -> _Data:
    head = _DATA_URI.match(uri)
    if head is None or not head[2]:
        refuse(f'"{path}" must be a data URI with base64: data:<media type>;base64,<data>.', path)
    data = uri[head.end() :]
    _check_base64(data, path)
    return _Data(head[1].lower() or "text/plain", data)


def _check_base64(data: str, path: str) -> None:
    try:
        if not binascii.a2b_base64(data, strict_mode=True):
            refuse(f'"{path}" has no data.', path)
    except (binascii.Error, ValueError):
        refuse(f'"{path}" is not base64.', path)


def _image_data(media_type: str, data: str, path: str) -> InlineData:
    if media_type == "image/jpg":
        media_type = "image/jpeg"
    if not media_type.startswith("image/"):
        refuse(f'"{path}" must be a picture: data:image/<type>;base64,<data>.', path, "invalid_image")
    if not data.startswith(IMAGE_BEGINNINGS.get(media_type, "")):
        refuse(f'"{path}" says {media_type}, and its data is not.', path, "invalid_image")
    return InlineData(media_type, data)


def _type_by_name(part: FileContent, path: str) -> str:
    ending = (part.filename or "").rpartition(".")[2].lower()
    found = FILE_TYPES.get(ending)
    if found is None and (part.file_data or "").startswith(_PDF_BEGINNING):
        found = PDF
    if found is None:
        refuse(f'"{path}" must be a data URI, or stand beside a filename that ends in the kind of file.', path)
    return found


def _text_source(data: str, path: str) -> TextSource:
    try:
        return TextSource(binascii.a2b_base64(data).decode())
    except UnicodeDecodeError:
        refuse(f'"{path}" is not text in UTF-8.', path)

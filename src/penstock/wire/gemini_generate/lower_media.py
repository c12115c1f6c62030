"""Images, sound and documents as parts of Gemini's contents.

Bytes go in ``inlineData``; a URL (``https``, ``gs``, a file of Gemini's own Files API) goes in ``fileData``, which must
say the media type: the caller's, else by the ending of the path, else a guess that is reported.
https://ai.google.dev/api/caching#Part and .../docs/media-resolution (read 2026-11-23). Nothing is fetched here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from penstock.core.chat import Audio, Document, FileSource, Image, InlineData, Source, TextSource, UrlSource
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.vocabulary import MEDIA_TYPES, RESOLUTIONS, callers_name, takes_levels

Part = dict[str, object]

_GUESSES = {Image: "image/jpeg", Audio: "audio/mpeg", Document: "application/pdf"}
_FILES_API = "https://generativelanguage.googleapis.com/v1beta/"


def media_part(block: Image | Audio | Document, vendor: str, facts: ModelFacts, losses: Losses) -> Part:
    """Return the part for a block of media, which came in the format ``vendor``.

    Raises:
        InvalidRequest: a file that was uploaded to another vendor (``code="unsupported_content"``).
    """
    part = _data(block, block.source, losses)
    if isinstance(block, Image) and block.detail not in {None, "auto"}:
        level = RESOLUTIONS.get(block.detail or "")
        if level is not None and takes_levels(facts):
            part["mediaResolution"] = {"level": level}
        else:
            losses.at(
                f"{block.at}.{callers_name(vendor, 'detail')}", "this model takes no resolution for a single image"
            )
    return part


def _data(block: Image | Audio | Document, source: Source, losses: Losses) -> Part:
    name = {"displayName": block.title} if isinstance(block, Document) and block.title else {}
    match source:
        case InlineData():
            return {"inlineData": {"mimeType": source.media_type, "data": source.data, **name}}
        case UrlSource():
            return {"fileData": {"mimeType": _media_type(block, source, losses), "fileUri": source.url, **name}}
        case FileSource() if source.file_id.startswith(("https://", "gs://")):
            known = media_type_of(source.file_id)
            return {"fileData": {**({"mimeType": known} if known else {}), "fileUri": source.file_id, **name}}
        case FileSource() if source.file_id.startswith("files/"):
            return {"fileData": {"fileUri": _FILES_API + source.file_id, **name}}
        case FileSource():
            msg = "Gemini cannot read a file that was uploaded to another vendor; send its data or a URL."
            raise InvalidRequest(msg, code="unsupported_content", param=block.at)
        case TextSource():
            return {"text": source.text}


def _media_type(block: Image | Audio | Document, source: UrlSource, losses: Losses) -> str:
    known = source.media_type or media_type_of(source.url)
    if known is None:
        known = _GUESSES[type(block)]
        losses.at(block.at, f"the URL does not say what it is: sent as {known}", "approximated")
    return known


def media_type_of(url: str) -> str | None:
    """Return the media type by the ending of the URL's path; None when it has none that we know."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return MEDIA_TYPES.get(ending.lower()) if dot and name else None

"""What a file is, by what its server says and by its first bytes: pictures and PDFs that models take.

What both do not say alike is not trusted: a page of HTML that calls itself a picture is none. Among pictures the bytes
decide, because servers often name the wrong kind. RFC 2083, section 3.1 (PNG), the GIF 89a specification, ISO 10918-1
(JPEG), RFC 9649, section 2.4 (WebP), ISO 32000-1, section 7.5.2 (PDF). Where files come from is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

MEDIA_URL = re.compile(r"(?:https?|gs|s3)://[^\s]+", re.IGNORECASE)
"""What the address of a file can look like: on the web, or in a bucket of Google's or Amazon's."""
MediaClass = Literal["image", "document"]

SIGNATURES: Mapping[str, re.Pattern[bytes]] = MappingProxyType(
    {
        "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
        "image/jpeg": re.compile(rb"\xff\xd8\xff"),
        "image/gif": re.compile(rb"GIF8[79]a"),
        "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
        "application/pdf": re.compile(rb"%PDF-"),
    }
)
"""Media type to how its files begin."""
CLASSES: Mapping[str, MediaClass] = MappingProxyType(
    {**dict.fromkeys(SIGNATURES, "image"), "image/jpg": "image", "application/pdf": "document"}
)
"""Media types that servers name, to the kind of content."""


def read_kind(content_type: str, data: bytes) -> str | None:
    """Return the media type of a file; None when it is none of these, or its server calls it something else."""
    said = CLASSES.get(content_type.partition(";")[0].strip().lower())
    found = next((media_type for media_type, begins in SIGNATURES.items() if begins.match(data)), None)
    return found if found is not None and CLASSES[found] == said else None

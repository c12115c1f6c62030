"""A file is what its server and its bytes say alike."""

from __future__ import annotations

import pytest

from penstock.wire.media_kinds import CLASSES, MEDIA_URL, SIGNATURES, read_kind

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
PDF = b"%PDF-1.7\n"


@pytest.mark.parametrize(
    ("content_type", "data", "kind"),
    [
        ("image/png", PNG, "image/png"),
        ("Image/PNG; charset=binary", PNG, "image/png"),
        ("image/jpg", JPEG, "image/jpeg"),
        ("image/png", JPEG, "image/jpeg"),
        ("image/gif", b"GIF89a" + bytes(8), "image/gif"),
        ("image/webp", b"RIFF\x0a\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("application/pdf", PDF, "application/pdf"),
        ("image/png", PDF, None),
        ("application/pdf", PNG, None),
        ("image/png", b"<html>", None),
        ("text/html", PNG, None),
        ("image/svg+xml", b"<svg>", None),
        ("application/octet-stream", PNG, None),
        ("", PNG, None),
        ("image/png", b"", None),
        ("image/webp", b"RIFF\x0a\x00\x00\x00WAVE", None),
    ],
)
def test_label_and_bytes_must_agree(content_type: str, data: bytes, kind: str | None) -> None:
    assert read_kind(content_type, data) == kind


def test_every_kind_that_is_recognised_has_a_class() -> None:
    assert set(SIGNATURES) <= set(CLASSES)


@pytest.mark.parametrize(
    ("url", "takes"),
    [
        ("https://e.com/x.png", True),
        ("HTTP://e.com", True),
        ("gs://bucket/x.png", True),
        ("s3://bucket/x.png", True),
        ("https://", False),
        ("https://e.com/a b", False),
        ("https://e.com/x\n", False),
        ("file:///etc/passwd", False),
        ("ftp://e.com/x.png", False),
        ("javascript:alert(1)", False),
        ("hello", False),
        ("", False),
    ],
)
def test_an_address_of_a_file_is_on_the_web_or_in_a_bucket(url: str, takes: bool) -> None:
    assert bool(MEDIA_URL.fullmatch(url)) is takes

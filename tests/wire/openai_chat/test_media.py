"""Pictures, sound and files: where their bytes are, and what is not what it says it is."""

from __future__ import annotations

import base64

import pytest

from penstock.core.chat import Audio, CacheMarker, Document, FileSource, Image, InlineData, TextSource, UrlSource
from penstock.core.errors import InvalidRequest
from penstock.wire.openai_chat.media import read_audio, read_file, read_image
from penstock.wire.openai_chat.request_body import FileContent, ImageUrl, InputAudio

AT = "messages[0].content[0]"
JPEG = "/9j/4AAQSkZJRg=="
PDF = "JVBERi0xLjQK"
HELLO = base64.b64encode("Grüße".encode()).decode()


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (f"data:image/jpeg;base64,{JPEG}", InlineData("image/jpeg", JPEG)),
        (f"data:image/jpg;base64,{JPEG}", InlineData("image/jpeg", JPEG)),
        (f"DATA:IMAGE/JPEG;name=a.jpg;base64,{JPEG}", InlineData("image/jpeg", JPEG)),
        ("data:image/tiff;base64,SUkqAA==", InlineData("image/tiff", "SUkqAA==")),
        ("https://example.com/a.png?x=1", UrlSource("https://example.com/a.png?x=1")),
        ("gs://bucket/a.png", UrlSource("gs://bucket/a.png")),
    ],
)
def test_a_picture_is_data_or_a_url(url: str, source: object) -> None:
    assert read_image(ImageUrl(url, "low"), None, AT) == Image(source, "low", None, AT)  # type: ignore[arg-type]  # a source


@pytest.mark.parametrize("url", [f"data:application/pdf;base64,{PDF}", "https://example.com/a.PDF?x=1"])
def test_a_pdf_in_the_place_of_a_picture_is_a_document(url: str) -> None:
    found = read_image(ImageUrl(url), CacheMarker(), AT)
    assert isinstance(found, Document)
    assert found.cache == CacheMarker()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("cat.png", "invalid_request"),
        ("file:///etc/passwd", "invalid_request"),
        ("data:image/png,abc", "invalid_request"),
        ("data:image/png;base64,", "invalid_request"),
        ("data:image/png;base64,A", "invalid_request"),
        ("data:image/png;base64,é", "invalid_request"),
        (f"data:image/png;base64,{JPEG}", "invalid_image"),
        (f"data:text/plain;base64,{HELLO}", "invalid_image"),
    ],
)
def test_what_is_no_picture_is_refused(url: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_image(ImageUrl(url), None, AT)
    assert (refusal.value.code, refusal.value.param) == (code, f"{AT}.image_url.url")


@pytest.mark.parametrize(("word", "media_type"), [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("flac", "audio/flac")])
def test_sound_says_its_format(word: str, media_type: str) -> None:
    assert read_audio(InputAudio("AAAA", word), None, AT) == Audio(InlineData(media_type, "AAAA"), None, AT)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (FileContent(file_id="f1", filename="a.pdf"), Document(FileSource("f1"), "a.pdf", at=AT)),
        (
            FileContent(f"data:application/pdf;base64,{PDF}", None, "a.pdf"),
            Document(InlineData("application/pdf", PDF), "a.pdf", at=AT),
        ),
        (FileContent(PDF), Document(InlineData("application/pdf", PDF), at=AT)),
        (FileContent("YSxi", None, "t.csv"), Document(InlineData("text/csv", "YSxi"), "t.csv", at=AT)),
        (FileContent(HELLO, None, "t.txt"), Document(TextSource("Grüße"), "t.txt", at=AT)),
        (FileContent(f"data:image/jpeg;base64,{JPEG}"), Image(InlineData("image/jpeg", JPEG), at=AT)),
        (FileContent("data:audio/wav;base64,AAAA"), Audio(InlineData("audio/wav", "AAAA"), at=AT)),
    ],
)
def test_a_file_is_what_its_data_or_its_name_says(content: FileContent, found: object) -> None:
    assert read_file(content, None, AT) == found


@pytest.mark.parametrize(
    ("content", "param"),
    [
        (FileContent(), f"{AT}.file"),
        (FileContent("AAAA"), f"{AT}.file.file_data"),
        (FileContent("*", None, "a.pdf"), f"{AT}.file.file_data"),
        (FileContent("/w==", None, "a.txt"), f"{AT}.file.file_data"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content: FileContent, param: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_file(content, None, AT)
    assert refusal.value.param == param

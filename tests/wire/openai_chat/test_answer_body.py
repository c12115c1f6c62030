"""Members of answers: what has a place, where, and what has none."""

from __future__ import annotations

import msgspec
import pytest
from openai.types.chat.chat_completion_message import Annotation

from penstock.core.chat import (
    Audio,
    Citation,
    FileSource,
    Image,
    InlineData,
    RedactedThinking,
    Source,
    Thinking,
    UrlSource,
)
from penstock.wire.openai_chat.answer_body import annotation, audio_body, image_body, thinking_body


def test_a_citation_says_where_it_stands_in_the_whole_content() -> None:
    note = annotation(Citation(url="https://example.com", title="t", start=1, end=3), 10, 20)
    found = Annotation.model_validate_json(msgspec.json.encode(note), strict=True).url_citation
    assert (found.start_index, found.end_index, found.url) == (11, 13, "https://example.com")


def test_a_citation_without_a_stretch_is_of_its_whole_block() -> None:
    note = annotation(Citation(url="u"), 4, 9)
    assert note is not None
    assert (note.url_citation.start_index, note.url_citation.end_index) == (4, 9)


def test_a_citation_of_a_document_has_no_place() -> None:
    assert annotation(Citation(document_index=0, cited_text="x"), 0, 1) is None


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (InlineData("image/png", "AA=="), "data:image/png;base64,AA=="),
        (UrlSource("https://example.com/a.png"), "https://example.com/a.png"),
        (FileSource("f1"), None),
    ],
)
def test_a_picture_is_a_url(source: Source, url: str | None) -> None:
    body = image_body(Image(source))
    assert (None if body is None else body.image_url.url) == url


def test_sound_is_there_when_its_bytes_are() -> None:
    body = audio_body(Audio(InlineData("audio/wav", "AA==")), "id1")
    assert body is not None
    assert (body.id, body.data) == ("id1", "AA==")
    assert audio_body(Audio(FileSource("f")), "id1") is None


def test_an_index_stands_only_in_streams() -> None:
    assert msgspec.json.encode(thinking_body(Thinking("t", "s"))) == (
        b'{"type":"thinking","thinking":"t","signature":"s"}'
    )
    assert msgspec.json.encode(thinking_body(RedactedThinking("d"), 1)) == (
        b'{"type":"redacted_thinking","index":1,"data":"d"}'
    )

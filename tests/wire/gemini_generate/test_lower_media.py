from __future__ import annotations

from typing import Any

import pytest

from penstock.core.chat import Audio, ChatRequest, Document, FileSource, Image, UrlSource
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.gemini_generate.lower_media import media_part, media_type_of


def lower(block: Image | Audio | Document, facts: ModelFacts = UNKNOWN_MODEL) -> tuple[Any, list[tuple[str, str]]]:
    losses = Losses(ChatRequest("openai_chat", {}, []))
    return media_part(block, "openai_chat", facts, losses), [(loss.path, loss.kind) for loss in losses.found]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.com/a.b/c.JPG?x=.png#y", "image/jpeg"),
        ("gs://bucket/talk.mp3", "audio/mpeg"),
        ("https://example.com/", None),
        ("https://example.com/png", None),
        ("https://[broken", None),
    ],
)
def test_a_media_type_is_known_by_the_ending_of_the_path(url: str, found: str | None) -> None:
    assert media_type_of(url) == found


def test_a_media_type_that_the_caller_says_is_believed() -> None:
    part, losses = lower(Image(UrlSource("https://example.com/a.png", "image/webp")))
    assert part == {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.com/a.png"}}
    assert losses == []


@pytest.mark.parametrize(
    ("block", "guess"),
    [
        (Image(UrlSource("https://e.example/x"), at="p"), "image/jpeg"),
        (Audio(UrlSource("https://e.example/x"), at="p"), "audio/mpeg"),
        (Document(UrlSource("https://e.example/x"), at="p"), "application/pdf"),
    ],
)
def test_a_guess_is_told(block: Image | Audio | Document, guess: str) -> None:
    part, losses = lower(block)
    assert part["fileData"]["mimeType"] == guess
    assert losses == [("$.p", "approximated")]


def test_a_file_of_googles_own_is_named_by_its_address() -> None:
    address = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    assert lower(Document(FileSource("files/abc"))) == ({"fileData": {"fileUri": address}}, [])
    assert lower(Document(FileSource(address))) == ({"fileData": {"fileUri": address}}, [])
    stored = {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/a.pdf"}}
    assert lower(Document(FileSource("gs://b/a.pdf"))) == (stored, [])


def test_a_file_of_another_vendor_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        lower(Image(FileSource("file-1"), at="p"))
    assert (refusal.value.code, refusal.value.param) == ("unsupported_content", "p")


def test_a_detail_that_nobody_knows_is_told() -> None:
    _, losses = lower(Image(UrlSource("gs://b/a.png"), "huge", at="p"), ModelFacts(thinking="level", efforts=("low",)))
    assert losses == [("$.p.image_url.detail", "dropped")]

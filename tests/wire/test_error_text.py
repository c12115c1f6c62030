"""What of an error body without JSON may be shown, in every format alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat_format import FormatId
from penstock.wire.chat_formats import find_upstream_format
from penstock.wire.error_text import nothing_readable, read_text, says_key_is_refused

FORMATS: tuple[FormatId, ...] = (
    "openai_chat",
    "anthropic_messages",
    "bedrock_converse",
    "gemini_generate",
    "cohere_chat",
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b" upstream connect error\n", "upstream connect error"),
        (b"two\r\n\tlines", "two\r\n\tlines"),
        ("überlastet".encode(), "überlastet"),
        (b"x" * 9000, "x" * 4000),
        (b"<html><h1>502</h1></html>", None),
        (b"\n<!DOCTYPE html>", None),
        (b"\x1f\x8b\x08\x00", None),
        (b"a\x00b", None),
        (b"  ", None),
        (b"", None),
    ],
)
def test_only_text_for_people_is_shown(body: bytes, text: str | None) -> None:
    assert read_text(body) == text


@pytest.mark.parametrize("format_id", FORMATS)
@pytest.mark.parametrize("body", [b"<html><title>502 Bad Gateway</title></html>", b"\x00\x01", b""])
def test_no_format_shows_a_page_of_html(format_id: FormatId, body: bytes) -> None:
    error = find_upstream_format(format_id).read_error(502, body, {})
    assert error.message == nothing_readable(502) == "The provider answered with status 502 and no readable error."
    assert error.status == 502


@pytest.mark.parametrize("format_id", FORMATS)
def test_every_format_shows_text(format_id: FormatId) -> None:
    error = find_upstream_format(format_id).read_error(503, b"no healthy upstream", {})
    assert error.message == "no healthy upstream"


@given(st.binary(max_size=200))
def test_what_is_shown_is_printable(body: bytes) -> None:
    text = read_text(body)
    assert text is None or text.translate({9: " ", 10: " ", 13: " "}).isprintable()


def test_a_refused_key_is_known_by_its_words() -> None:
    assert says_key_is_refused("Authentication failed: Please make sure your API Key is valid.")
    assert not says_key_is_refused("You don't have access to the model with the specified model ID.")

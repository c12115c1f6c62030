"""One object of a caller's body: what it documents, what it does not, and what is wrong with it."""

from __future__ import annotations

import msgspec
import pytest

from penstock.core.errors import InvalidRequest
from penstock.wire.anthropic_messages.caller_nodes import TextNode, check_json, read_node, type_of

TEXT = msgspec.json.Decoder(TextNode)


def test_a_documented_object_is_read_at_once() -> None:
    unread: list[str] = []
    assert read_node(TEXT, b'{"type":"text","text":"x"}', "a[0]", unread) == TextNode("x")
    assert unread == []


def test_what_it_does_not_document_is_noted_unless_it_is_null() -> None:
    unread: list[str] = []
    raw = b'{"type":"text","one":1,"text":"x","two":null,"three":[{}]}'
    assert read_node(TEXT, raw, "a[0]", unread) == TextNode("x")
    assert unread == ["a[0].one", "a[0].three"]


@pytest.mark.parametrize(
    ("raw", "param", "code"),
    [
        (b"7", "a", "invalid_type"),
        (b'{"type":"text"}', "a.text", "missing_field"),
        (b'{"type":"text","text":7,"more":1}', "a.text", "invalid_type"),
        (
            b'{"type":"text","text":"x","extra_content":{"google":7}}',
            "a.extra_content.google",
            "invalid_type",
        ),
        (b'{"type":"text","text":"\xff"}', "a", "invalid_json"),
        (b'{"type":"text","text":"x","more":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "a", "nested_too_deeply"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(raw: bytes, param: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_node(TEXT, raw, "a", [])
    assert (caught.value.param, caught.value.code) == (param, code)


def test_an_object_says_its_type() -> None:
    assert type_of(b'{"x":1,"type":"t"}', "a") == "t"
    with pytest.raises(InvalidRequest) as caught:
        type_of(b"{}", "a")
    assert caught.value.param == "a.type"


def test_json_that_travels_is_an_object_in_utf_8() -> None:
    assert check_json(msgspec.Raw(b'{"b":1.0}'), "a") == '{"b":1.0}'
    for raw in (b"[]", b'"x"', b"null", b'{"a":"\xff"}'):
        with pytest.raises(InvalidRequest):
            check_json(msgspec.Raw(raw), "a")


def test_a_long_word_of_the_callers_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_node(TEXT, b'{"type":"' + b"x" * 10_000 + b'"}', "a", [])
    assert len(caught.value.message) < 300

"""Refusals name the caller's own path, help, and never repeat a prompt."""

from __future__ import annotations

import msgspec
import pytest

from penstock.core.errors import InvalidRequest
from penstock.wire.openai_chat.invalid import MOST_DEEP, refuse_deep, refuse_undecodable
from penstock.wire.openai_chat.request_body import Body, FunctionTool


def refusal(source: bytes, kind: type = Body, path: str = "") -> InvalidRequest:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)) as error:
        msgspec.json.decode(source, type=kind)
    with pytest.raises(InvalidRequest) as refused:
        refuse_undecodable(error.value, path)
    return refused.value


@pytest.mark.parametrize(
    ("source", "param", "words"),
    [
        (b"{}", "messages", "is missing"),
        (b'{"messages":[{"content":"x"}]}', "messages[0].role", "is missing"),
        (b'{"messages":[{"role":"robot"}]}', "messages[0].role", "roles are system, developer, user"),
        (b'{"messages":[{"role":"user","content":[{"type":"film"}]}]}', "messages[0].content[0].type", "image_url"),
        (b'{"messages":[{"role":"user","content":7}]}', "messages[0].content", "expected str | array, got int"),
        (b'{"messages":[],"temperature":"hot"}', "temperature", "expected float | null, got str"),
        (b'{"messages":[],"max_tokens":0}', "max_tokens", ">= 1"),
    ],
)
def test_the_path_and_what_would_be_right_are_said(source: bytes, param: str, words: str) -> None:
    error = refusal(source)
    assert error.param == param
    assert param in error.message
    assert words in error.message


def test_the_place_of_a_part_of_the_body_is_put_in_front() -> None:
    assert refusal(b'{"type":"function","function":{"name":1}}', FunctionTool, "tools[3]").param == (
        "tools[3].function.name"
    )


def test_a_long_word_is_cut() -> None:
    secret = "my secret prompt " * 20
    error = refusal(b'{"messages":[{"role":"' + secret.encode() + b'"}]}')
    assert secret[:60] not in error.message


def test_what_is_not_utf8_is_not_json() -> None:
    assert refusal(b'{"messages":[{"role":"user","content":"\xff"}]}').code == "invalid_json"


@pytest.mark.parametrize(("levels", "refused"), [(MOST_DEEP, False), (MOST_DEEP + 1, True), (100_000, True)])
def test_depth_is_bounded(levels: int, refused: bool) -> None:
    raw = b"[" * levels + b"]" * levels
    if not refused:
        refuse_deep(raw, "x")
        return
    with pytest.raises(InvalidRequest) as error:
        refuse_deep(raw, "metadata")
    assert (error.value.code, error.value.param) == ("nested_too_deeply", "metadata")


def test_many_flat_members_are_not_deep() -> None:
    refuse_deep(b"[" + b",".join([b"{}"] * 1000) + b"]", "x")

"""What errors mean, by code, by type, by status and by words."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat_answer import ErrorKind
from penstock.wire.openai_chat.errors import CODES, IN_STREAM, STATUSES, read_error


def body(**members: object) -> bytes:
    return json.dumps({"error": {"message": "Sorry.", **members}}).encode()


@pytest.mark.parametrize(
    ("status", "members", "kind"),
    [
        (400, {"code": "context_length_exceeded"}, "context_length"),
        (400, {"code": "content_filter", "type": None}, "content_filter"),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, "quota"),
        (429, {"code": "RateLimitReached"}, "rate_limit"),
        (404, {"code": "DeploymentNotFound"}, "not_found"),
        (500, {"type": "server_error"}, "server"),
        (503, {"type": "server_error"}, "overloaded"),
        (400, {"type": "invalid_request_error", "message": "maximum context length is 4096"}, "context_length"),
        (400, {"message": "prompt is too long: 9 > 8"}, "context_length"),
        (429, {"message": "too many tokens per minute"}, "rate_limit"),
        (422, {}, "invalid_request"),
        (418, {"code": 7}, "invalid_request"),
        (599, {}, "server"),
    ],
)  # fmt: skip
def test_the_most_exact_word_counts(status: int, members: dict[str, object], kind: str) -> None:
    assert read_error(status, body(**members), {}).kind == kind


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_the_status_says_what_the_body_does_not(status: int, kind: str) -> None:
    error = read_error(status, b"<html>", {})
    assert (error.kind, error.message) == (kind, f"The provider answered with status {status} and no readable error.")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b'{"error":"slow down"}', "slow down"),
        (b'{"message":"m"}', "m"),
        (b'{"detail":[{"msg":"field required"}]}', "field required"),
        (b"plain words", "plain words"),
        (b"", "The provider answered with status 400 and no readable error."),
        (b'{"error":{"message":null}}', "The provider answered with status 400 and no readable error."),
    ],
)
def test_a_message_is_found_in_other_shapes(source: bytes, message: str) -> None:
    assert read_error(400, source, {}).message == message


def test_the_vendors_own_word_and_member_are_kept() -> None:
    error = read_error(400, body(type="odd_error", param="messages[0]"), {})
    assert (error.type, error.param, error.status) == ("odd_error", "messages[0]", 400)
    assert read_error(400, body(code="odd_code"), {}).type == "odd_code"


def test_a_long_message_is_bounded() -> None:
    assert len(read_error(400, body(message="x" * 10_000), {}).message) == 4000


def test_every_kind_has_a_status_and_words_lead_to_kinds() -> None:
    assert set(IN_STREAM) == set(get_args(ErrorKind))
    assert set(CODES.values()) <= set(get_args(ErrorKind))
    assert all(code == code.lower() for code in CODES)


@given(st.integers(400, 599), st.binary(max_size=50))
def test_no_body_is_too_odd(status: int, source: bytes) -> None:
    assert read_error(status, source, {}).message

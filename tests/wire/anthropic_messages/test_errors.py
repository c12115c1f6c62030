from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.anthropic_messages.errors import HOST_ERROR_KINDS, error_in_stream, read_error
from penstock.wire.anthropic_messages.vocabulary import ERROR_KINDS, ERROR_STATUSES


def body(kind: str, message: str) -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).encode()


@pytest.mark.parametrize(("word", "kind"), ERROR_KINDS.items())
def test_an_error_means_what_its_type_says_whatever_the_status(word: str, kind: ErrorKind) -> None:
    assert read_error(418, body(word, "No."), {}) == VendorError(kind, "No.", 418, word)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request"), (401, "authentication"), (422, "invalid_request"), (503, "overloaded"), (599, "server")],
)
def test_an_unknown_type_leaves_it_to_the_status(status: int, kind: ErrorKind) -> None:
    assert read_error(status, body("tea_error", "No."), {}) == VendorError(kind, "No.", status, "tea_error")


@pytest.mark.parametrize(("word", "kind"), [row for row in HOST_ERROR_KINDS.items() if row[0].isupper()])
def test_errors_of_google_are_read(word: str, kind: ErrorKind) -> None:
    error = {"error": {"code": 400, "message": "No.", "status": word}}
    for shape in (error, [error]):
        assert read_error(400, json.dumps(shape).encode(), {}) == VendorError(kind, "No.", 400, word)


@pytest.mark.parametrize(("word", "kind"), [row for row in HOST_ERROR_KINDS.items() if not row[0].isupper()])
def test_errors_of_aws_are_read(word: str, kind: ErrorKind) -> None:
    headers = {b"x-amzn-errortype": f"{word}:http://internal.amazon.com/coral/".encode()}
    assert read_error(400, b'{"message":"No."}', headers) == VendorError(kind, "No.", 400, word)
    named = json.dumps({"__type": f"com.amazon.coral.service#{word}", "Message": "No."}).encode()
    assert read_error(400, named, {}) == VendorError(kind, "No.", 400, word)


@pytest.mark.parametrize(
    ("word", "message", "kind"),
    [
        ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "context_length"),
        ("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2", "context_length"),
        ("invalid_request_error", "Output blocked by content filtering policy", "content_filter"),
        ("invalid_request_error", "Your credit balance is too low to access the Anthropic API.", "quota"),
        ("rate_limit_error", "This would exceed your organization's monthly spend limit", "quota"),
        ("rate_limit_error", "Number of request tokens has exceeded your rate limit", "rate_limit"),
        ("api_error", "prompt is too long", "server"),
    ],
)
def test_what_has_no_type_of_its_own_is_read_from_the_message(word: str, message: str, kind: ErrorKind) -> None:
    assert read_error(400, body(word, message), {}).kind == kind


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", None),
        (b"<!doctype html><title>502</title>", None),
        (b"\x00\x01", None),
        (b"null", None),
        (b"[]", None),
        (b"{}", None),
        (b'{"error": 5}', None),
        (b'{"error": {"message": 5}}', None),
        (b"no healthy upstream\n", "no healthy upstream"),
        (b'{"error": "overloaded"}', "overloaded"),
        (b'{"detail": "Not Found"}', "Not Found"),
    ],
)
def test_an_error_that_is_not_one_still_has_a_message(answer: bytes, message: str | None) -> None:
    expected = message or "The provider answered with status 502 and no readable error."
    assert read_error(502, answer, {}) == VendorError("server", expected, 502)


@given(st.integers(400, 599), st.binary(max_size=200), st.binary(max_size=40))
def test_no_body_breaks_it(status: int, answer: bytes, name: bytes) -> None:
    error = read_error(status, answer, {b"x-amzn-errortype": name})
    assert error.status == status
    assert error.message


def test_a_long_message_is_cut() -> None:
    assert len(read_error(500, body("api_error", "x" * 100_000), {}).message) == 4000


def test_nesting_is_no_way_to_break_it() -> None:
    assert read_error(500, b"[" * 100_000, {}).kind == "server"


def test_an_error_in_a_stream_has_the_status_it_would_have_had() -> None:
    for word, kind in ERROR_KINDS.items():
        error = error_in_stream({"type": word, "message": "No."})
        assert error == VendorError(kind, "No.", ERROR_STATUSES[kind], word)
    assert error_in_stream({"type": "tea_error", "message": "No."}).status == 500
    assert error_in_stream(None).message


def test_a_key_that_bedrock_refuses_is_not_a_lack_of_permission() -> None:
    headers = {b"x-amzn-errortype": b"AccessDeniedException"}
    body = b'{"Message":"Authentication failed: Please make sure your API Key is valid."}'
    assert read_error(403, body, headers).kind == "authentication"
    assert read_error(403, b'{"Message":"no access"}', headers).kind == "permission"
    assert read_error(401, b'{"Message":"no access"}', headers).kind == "authentication"

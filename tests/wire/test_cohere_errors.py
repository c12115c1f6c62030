"""Errors of Cohere's API."""

from __future__ import annotations

from collections.abc import Callable

import cohere.errors
import pytest
from cohere.core.api_error import ApiError

from penstock.core.chat_answer import ErrorKind
from penstock.wire.cohere_errors import ERRORS, read_error


def test_every_status_that_coheres_sdk_knows_has_a_row() -> None:
    makers: list[Callable[[object], ApiError]] = [
        getattr(cohere.errors, name) for name in dir(cohere.errors) if name.endswith("Error")
    ]
    known = {make({}).status_code for make in makers}
    assert {429, 498, 503} <= known <= ERRORS.keys()


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "invalid request: temperature must be between 0 and 1.0 inclusive.", "invalid_request"),
        (400, "too many tokens: size limit exceeded by 11326 tokens.", "context_length"),
        (400, "too many tokens: max tokens must be less than or equal to 4096, the maximum output", "invalid_request"),
        (401, "invalid api token", "authentication"),
        (402, "Please add or update your payment method", "quota"),
        (429, "You are using a Trial key, which is limited to 40 API calls / minute.", "rate_limit"),
        (418, "tea", "invalid_request"),
        (498, "the request contains a deny-listed token", "content_filter"),
        (500, "internal server error", "server"),
        (599, "?", "server"),
    ],
)
def test_status_and_words_say_what_an_error_means(status: int, message: str, kind: ErrorKind) -> None:
    error = read_error(status, b'{"id":"1","message":"%s"}' % message.encode(), {})
    assert (error.kind, error.message, error.status) == (kind, message, status)


@pytest.mark.parametrize("body", [b"<html>", b"\xff\xfe", b"[]", b"null", b'{"message":7}', b"[" * 5000])
def test_any_body_is_read(body: bytes) -> None:
    assert read_error(502, body, {}).message


def test_an_empty_body_is_told_by_its_status() -> None:
    assert "503" in read_error(503, b"", {}).message

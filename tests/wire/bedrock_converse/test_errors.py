"""Errors that vectors do not show; those in ``tests/vectors/chat/*/bedrock_converse/error-*`` are not repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.bedrock_converse.errors import read_error, read_exception


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Input is too long for requested model.", "context_length"),
        ("prompt is too long: 207241 tokens > 200000 maximum", "context_length"),
        ("This model's maximum context length is 131072 tokens.", "context_length"),
        ("Output blocked by content filtering policy", "content_filter"),
        ("messages.0.content.0.text is blank", "invalid_request"),
    ],
)
def test_what_a_validation_error_means_is_in_its_text(message: str, kind: str) -> None:
    body = b'{"message":"%b"}' % message.encode()
    assert read_error(400, body, {b"x-amzn-errortype": b"ValidationException"}).kind == kind


def test_the_limit_of_tokens_a_minute_is_not_a_prompt_that_is_too_long() -> None:
    error = read_exception("throttlingException", b'{"message":"Too many tokens, please wait."}')
    assert (error.kind, error.status, error.type) == ("rate_limit", 429, "throttlingException")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b'{"Message":"Authentication failed: Please make sure your API Key is valid."}'),
        (403, b'{"Message":"Invalid API Key format: Must start with pre-defined prefix"}'),
        (401, b"{}"),
    ],
)
def test_a_key_that_is_refused_is_not_a_lack_of_permission(status: int, body: bytes) -> None:
    headers = {b"x-amzn-errortype": b"AccessDeniedException"}
    assert read_error(status, body, headers).kind == "authentication"
    assert read_error(403, b'{"message":"You don\'t have access to the model."}', headers).kind == "permission"


def test_an_exception_without_a_name_of_ours_is_the_servers() -> None:
    error = read_exception("quantumException", b"{}")
    assert (error.kind, error.status) == ("server", 500)
    assert error.message


def test_the_models_own_message_is_told_when_there_is_no_other() -> None:
    assert read_exception("modelStreamErrorException", b'{"originalMessage":"oops"}').message == "oops"


@given(st.integers(400, 599), st.binary(max_size=80), st.binary(max_size=30))
def test_any_error_answer_can_be_read(status: int, body: bytes, header: bytes) -> None:
    error = read_error(status, body, {b"x-amzn-errortype": header})
    assert error.status == status
    assert error.message

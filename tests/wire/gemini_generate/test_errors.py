from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.gemini_generate.errors import read_error


def read(status: int, word: str | None, message: str = "m", details: Any = None) -> str:
    error = {"code": status, "message": message, "status": word, "details": details or []}
    return read_error(status, json.dumps({"error": error}).encode(), {}).kind


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (400, "INVALID_ARGUMENT", "bad", "invalid_request"),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            "context_length",
        ),
        (401, "UNAUTHENTICATED", "no", "authentication"),
        (403, "PERMISSION_DENIED", "no", "permission"),
        (404, "NOT_FOUND", "models/x is not found", "not_found"),
        (429, "RESOURCE_EXHAUSTED", "slow down", "rate_limit"),
        (499, "CANCELLED", "gone", "timeout"),
        (500, "INTERNAL", "oops", "server"),
        (503, "UNAVAILABLE", "overloaded", "overloaded"),
        (504, "DEADLINE_EXCEEDED", "late", "timeout"),
        (413, None, "large", "too_large"),
        (418, "A_NEW_WORD", "?", "invalid_request"),
        (529, "A_NEW_WORD", "?", "server"),
    ],
)
def test_an_error_is_known_by_its_word_and_else_by_its_status(
    status: int, word: str | None, message: str, kind: str
) -> None:
    assert read(status, word, message) == kind


def test_a_reason_says_more_than_the_word() -> None:
    assert read(400, "INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}]) == "authentication"
    assert read(400, "INVALID_ARGUMENT", details=[{"reason": "NOBODY_KNOWS"}]) == "invalid_request"


def test_a_limit_of_a_day_is_a_quota_and_one_of_a_minute_a_rate() -> None:
    def limit(quota_id: str) -> list[Any]:
        return [{"reason": 5}, {"violations": [{"quotaId": quota_id}]}]

    assert read(429, "RESOURCE_EXHAUSTED", details=limit("GenerateRequestsPerDayPerProjectPerModel")) == "quota"
    assert read(429, "RESOURCE_EXHAUSTED", details=limit("GenerateRequestsPerMinutePerProjectPerModel")) == "rate_limit"


@given(
    st.integers(400, 599),
    st.binary(max_size=60) | st.sampled_from([b"[]", b"[{}]", b'{"error":null}', b'{"error":[]}']),
)
def test_any_body_makes_an_error_with_a_message(status: int, body: bytes) -> None:
    error = read_error(status, body, {})
    assert error.message
    assert error.status == status


def test_details_that_are_none_are_left() -> None:
    assert read_error(400, b'{"error":{"code":400,"message":"m","details":"none"}}', {}).message == "m"


@pytest.mark.parametrize(
    ("delay", "wait_s"),
    [("34s", 34.0), ("34.074824224s", 34.074824224), ("0s", 0.0), ("34", None), ("-1s", None), ("x", None), ("", None)],
)
def test_a_delay_in_the_details_is_when_to_come_back(delay: str, wait_s: float | None) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    body = {"error": {"code": 429, "message": "Slow.", "status": "RESOURCE_EXHAUSTED", "details": [{}, info]}}
    assert read_error(429, json.dumps(body).encode(), {}).retry_after_s == wait_s

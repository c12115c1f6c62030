"""The neutral request."""

from __future__ import annotations

from penstock.core.chat import ChatRequest


def test_a_field_is_named_as_the_caller_names_it() -> None:
    request = ChatRequest(vendor="openai_chat", paths={"max_output_tokens": "max_completion_tokens"}, messages=[])
    assert request.path("max_output_tokens") == "max_completion_tokens"
    assert request.path("seed") == "seed"


def test_two_requests_share_no_bag() -> None:
    first = ChatRequest(vendor="openai_chat", paths={}, messages=[])
    second = ChatRequest(vendor="openai_chat", paths={}, messages=[])
    assert first.extras is not second.extras
    assert first.tools is not second.tools

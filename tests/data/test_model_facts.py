"""Rows of model facts: what they say, and which names find them."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from penstock.core.model_facts import UNKNOWN_MODEL
from penstock.data import all_rows, facts_of, plain_name


@pytest.mark.parametrize(
    ("model", "plain"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929-v1"),
        ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6-v1"),
        ("amazon.nova-pro-v1:0", "nova-pro-v1"),
        ("eu.amazon.nova-lite-v1:0", "nova-lite-v1"),
        ("us-gov.amazon.nova-lite-v1:0", "nova-lite-v1"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-v1:0", "llama3-3-70b-v1"),
        ("arn:aws:bedrock:us-east-1::foundation-model/cohere.embed-v4:0", "embed-v4"),
        ("claude-opus-4-1@20250805", "claude-opus-4-1"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("Gemini-2.5-Flash", "gemini-2.5-flash"),
        ("gpt-4.1", "gpt-4.1"),
    ],
)
def test_what_a_host_adds_to_a_name_is_left_out(model: str, plain: str) -> None:
    assert plain_name(model) == plain


def test_a_model_without_a_row_has_no_special_facts() -> None:
    assert facts_of("nobody-has-heard-of-this") is UNKNOWN_MODEL


def test_no_row_is_hidden_by_one_before_it() -> None:
    patterns = [row.pattern for row in all_rows()]
    for number, pattern in enumerate(patterns):
        hiding = [earlier for earlier in patterns[:number] if fnmatchcase(pattern.replace("*", "x"), earlier)]
        assert not hiding, f"{pattern} is never reached"


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("claude-3-5-sonnet-20241022", True),
        ("claude-sonnet-4-5", True),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", True),
        ("claude-opus-4-6", False),
        ("anthropic.claude-sonnet-4-6-v1:0", False),
        ("claude-opus-4-8", False),
        ("claude-mythos-preview", False),
        ("claude-sonnet-5", False),
        ("claude-haiku-5-5", False),
        ("claude-opus-5-5", False),
        ("claude-fable-5", False),
        ("amazon.nova-pro-v1:0", True),
        ("us.amazon.nova-2-lite-v1:0", False),
    ],
)
def test_newer_models_do_not_go_on_from_a_turn_of_the_assistant(model: str, takes: bool) -> None:
    assert facts_of(model).prefill is takes

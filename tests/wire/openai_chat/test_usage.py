"""Only what was reported stands in the counts, and they are read as they were written."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from openai.types import CompletionUsage

from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.openai_chat.usage import usage_body
from penstock.wire.openai_usage import read_openai_usage
from tests.wire.chat_requests import usages


@given(usages())
def test_counts_are_read_as_they_were_written(usage: Usage) -> None:
    body = msgspec.json.decode(msgspec.json.encode(usage_body(usage)), type=dict[str, object])
    assert read_openai_usage(body) == usage


def test_nothing_reported_is_nothing_said() -> None:
    assert usage_body(UNREPORTED) is None


def test_a_zero_is_said_and_a_total_is_the_sum_of_its_parts() -> None:
    body = usage_body(Usage(input_tokens=3, output_tokens=0, cached_input_tokens=0))
    assert msgspec.to_builtins(body) == {
        "prompt_tokens": 3,
        "completion_tokens": 0,
        "total_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        (Usage(input_tokens=3, total_tokens=3), (3, 0, 3)),
        (Usage(output_tokens=2, total_tokens=7), (5, 2, 7)),
        (Usage(input_tokens=3, output_tokens=2, total_tokens=9), (3, 2, 9)),
    ],
)
def test_a_count_that_was_left_out_is_found_from_the_others(reported: Usage, shown: tuple[int, int, int]) -> None:
    body = usage_body(reported)
    assert body is not None
    assert (body.prompt_tokens, body.completion_tokens, body.total_tokens) == shown
    CompletionUsage.model_validate_json(msgspec.json.encode(body), strict=True)


@pytest.mark.parametrize("reported", [Usage(input_tokens=3), Usage(output_tokens=3), Usage(total_tokens=3)])
def test_a_count_that_nobody_can_know_is_not_told_as_nought(reported: Usage) -> None:
    assert usage_body(reported) is None

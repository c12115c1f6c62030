"""Only what was reported stands in the counts, and they are read as they were written."""

from __future__ import annotations

import msgspec
from hypothesis import given

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


def test_one_part_alone_has_no_total() -> None:
    assert msgspec.to_builtins(usage_body(Usage(input_tokens=3))) == {"prompt_tokens": 3}

from __future__ import annotations

from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.bedrock_converse.usage import TokenUsage, read_usage


def test_cached_tokens_are_part_of_the_input() -> None:
    said = TokenUsage(input_tokens=3, output_tokens=4, total_tokens=7, cache_read_input_tokens=100)
    assert read_usage(said) == Usage(input_tokens=103, cached_input_tokens=100, output_tokens=4, total_tokens=107)


def test_a_zero_is_a_report_and_silence_is_not() -> None:
    said = TokenUsage(input_tokens=0, cache_write_input_tokens=0)
    assert read_usage(said) == Usage(input_tokens=0, cache_creation_tokens=0)
    assert read_usage(TokenUsage(total_tokens=9)) == Usage(total_tokens=9)
    assert read_usage(None) is UNREPORTED

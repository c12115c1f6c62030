"""The reading of OpenAI's usage object; the SDK's own model is the oracle for where its counts stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage
from openai.types.completion_usage import CompletionTokensDetails, PromptTokensDetails
from pydantic import BaseModel

from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.openai_usage import (
    USAGE_FIELDS,
    read_count,
    read_openai_usage,
    read_usage_with_reasoning_apart,
    usage_reader,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KNOWN_NAMES = sorted({name for places in USAGE_FIELDS.values() for place in places for name in place})

FULL = {
    "prompt_tokens": 100,
    "completion_tokens": 40,
    "total_tokens": 140,
    "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 8, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 5},
}


def test_every_field_of_usage_has_a_place() -> None:
    assert set(USAGE_FIELDS) == set(Usage.__struct_fields__)


def test_the_sdks_model_knows_every_place_that_is_looked_at_first() -> None:
    details: dict[str, type[BaseModel]] = {
        "prompt_tokens_details": PromptTokensDetails,
        "completion_tokens_details": CompletionTokensDetails,
    }
    for places in USAGE_FIELDS.values():
        *outer, name = places[0]
        model: type[BaseModel] = details[outer[0]] if outer else CompletionUsage
        assert name in model.model_fields


def test_cache_writes_are_read_under_anthropics_name_too() -> None:
    usage = {"prompt_tokens_details": {"cache_creation_input_tokens": 8}}
    assert read_openai_usage(usage) == Usage(cache_creation_tokens=8)


def test_a_full_object_is_read_whole() -> None:
    assert read_openai_usage(FULL) == Usage(
        input_tokens=100,
        cached_input_tokens=64,
        cache_creation_tokens=8,
        output_tokens=40,
        reasoning_tokens=20,
        audio_input_tokens=3,
        audio_output_tokens=5,
        total_tokens=140,
    )


def test_silence_is_not_zero_and_zero_is_not_silence() -> None:
    assert read_openai_usage({}) == UNREPORTED
    usage = read_openai_usage({"prompt_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}})
    assert usage == Usage(input_tokens=0, cached_input_tokens=0)


@pytest.mark.parametrize("value", [None, True, False, "7", 7.0, -1, 2**63, [], {}, {"count": 7}])
def test_what_is_not_a_count_is_not_reported(value: object) -> None:
    assert read_openai_usage({"prompt_tokens": value, "completion_tokens": 2}) == Usage(output_tokens=2)


@pytest.mark.parametrize("details", [None, 3, "x", [], True])
def test_details_of_another_type_report_nothing(details: object) -> None:
    assert read_openai_usage({"prompt_tokens": 1, "prompt_tokens_details": details}) == Usage(input_tokens=1)


def test_the_largest_count_that_can_be_stored_is_kept() -> None:
    assert read_count({"a": {"b": 2**63 - 1}}, ("a", "b")) == 2**63 - 1


def test_a_further_place_speaks_only_where_openais_place_is_silent() -> None:
    read = usage_reader(cached_input_tokens=("cached_tokens",))
    assert read({"cached_tokens": 9}) == Usage(cached_input_tokens=9)
    assert read({"cached_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}}) == Usage(cached_input_tokens=0)
    assert read(FULL) == read_openai_usage(FULL)


def test_a_further_place_for_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="prompt_tokens"):
        usage_reader(prompt_tokens=("prompt_tokens",))


def test_a_reader_says_where_else_it_looks() -> None:
    read = usage_reader(cached_input_tokens=("a", "b"))
    assert read.__doc__ == "Read the object as OpenAI documents it, and ``a.b`` beside it."


def test_a_total_without_input_does_not_make_output() -> None:
    usage = {"completion_tokens": 2, "total_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 3}}
    assert read_usage_with_reasoning_apart(usage).output_tokens == 5


@given(prompt=st.integers(0, 99), answer=st.integers(0, 99), reasoning=st.integers(0, 99))
def test_output_is_the_same_whether_reasoning_is_counted_apart_or_not(prompt: int, answer: int, reasoning: int) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    common = {"prompt_tokens": prompt, "total_tokens": prompt + answer + reasoning, **details}
    apart = read_usage_with_reasoning_apart({**common, "completion_tokens": answer})
    within = read_usage_with_reasoning_apart({**common, "completion_tokens": answer + reasoning})
    assert apart == within
    assert within == read_openai_usage({**common, "completion_tokens": answer + reasoning})


@given(st.dictionaries(st.sampled_from(KNOWN_NAMES) | st.text(max_size=8), JSON_VALUES, max_size=8))
def test_any_object_gives_counts_or_nothing(usage: dict[str, object]) -> None:
    for name in Usage.__struct_fields__:
        value = getattr(read_openai_usage(usage), name)
        assert value is None or (type(value) is int and value >= 0)

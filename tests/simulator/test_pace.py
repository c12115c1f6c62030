from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.pace import AT_ONCE, MAX_TOKENS_PER_S, REALISTIC, read_pace


def test_words_name_paces() -> None:
    assert (read_pace("none"), read_pace("realistic")) == (AT_ONCE, REALISTIC)


@given(st.floats(min_value=1e-3, max_value=MAX_TOKENS_PER_S), st.integers(min_value=0, max_value=10_000))
def test_so_many_tokens_a_second_take_that_long(rate: float, tokens: int) -> None:
    assert read_pace(repr(rate)).duration_s(tokens) == pytest.approx(tokens / rate)


def test_a_realistic_model_thinks_before_its_first_token_and_not_when_it_says_nothing() -> None:
    assert REALISTIC.duration_s(0) == 0
    assert REALISTIC.duration_s(1) == 0.25
    assert REALISTIC.duration_s(61) == pytest.approx(1.25)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e7", "60/s"])
def test_anything_else_is_refused_and_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no pace") as found:
        read_pace(text)
    assert repr(text) in str(found.value)

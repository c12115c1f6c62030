from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator import tokens

TEXTS = st.text(max_size=200) | st.text(alphabet="ab 1_,.\n\té漢\u0301🙂", max_size=200)


@given(TEXTS)
def test_joined_pieces_are_the_text(text: str) -> None:
    assert "".join(tokens.split(text)) == text


@given(TEXTS, st.integers(min_value=0, max_value=200))
def test_the_first_pieces_are_the_pieces_of_the_cut_text(text: str, kept: int) -> None:
    pieces = tokens.split(text)[:kept]
    assert tokens.split("".join(pieces)) == pieces


@given(TEXTS)
def test_no_text_has_fewer_pieces_than_its_length_allows(text: str) -> None:
    assert tokens.count(text) >= tokens.at_least(len(text))


def test_a_long_text_is_counted_like_a_short_one() -> None:
    sentence = "Water runs down the penstock, and 1234 turbines turn.\n"
    assert tokens.count(sentence * 200) == 200 * tokens.count(sentence)


def test_a_sentence_is_cut_at_words() -> None:
    assert tokens.split("Hello, world 2026!") == ("Hello", ",", " world", " 202", "6", "!")

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.routing.name_pattern import is_pattern, match_pattern, specificity

_LETTERS = "ab-/.^&~|]\\\n"
_NAMES = st.text(_LETTERS, max_size=8)
_SETS = st.sampled_from(["[ab]", "[!a]", "[a-b]", "[]a]", "[!]]", "[^a]", "[a-]", "[-a]", "[&&]", "[", "[]", "[!]"])
_PATTERNS = st.lists(st.one_of(st.sampled_from(list(_LETTERS)), st.just("*"), st.just("?"), _SETS), max_size=6).map(
    "".join
)


@given(_PATTERNS, _NAMES)
def test_patterns_fit_the_names_that_the_shell_would_match(pattern: str, name: str) -> None:
    assert (match_pattern(pattern, name) is not None) == fnmatchcase(name, pattern)


@given(st.text(_LETTERS, max_size=4), st.text(_LETTERS, max_size=8), st.text(_LETTERS, max_size=4))
def test_star_stands_for_what_lies_between_the_literal_parts(head: str, middle: str, tail: str) -> None:
    assert match_pattern(f"{head}*{tail}", head + middle + tail) == middle


def test_pattern_without_star_stands_for_nothing() -> None:
    assert match_pattern("gpt-?", "gpt-4") == ""


def test_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'\[z-a\]' is not valid: bad character range"):
        match_pattern("[z-a]", "b")


@pytest.mark.parametrize("name", ["gpt-*", "o[0-9]", "llama-?"])
def test_special_characters_make_a_pattern(name: str) -> None:
    assert is_pattern(name)


def test_plain_name_is_no_pattern() -> None:
    assert not is_pattern("meta-llama/Llama-3.3-70B:free")


def test_more_literal_characters_come_first_then_more_single_places_then_the_alphabet() -> None:
    patterns = ["*", "b*", "a*", "gpt-*", "o[0-9]*", "o*", "*-mini"]

    assert sorted(patterns, key=specificity) == ["*-mini", "gpt-*", "o[0-9]*", "a*", "b*", "o*", "*"]

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.chance import chance
from penstock.simulator.schema import patterns

PLAIN = st.sampled_from(["a", "b", "0", "-", " ", r"\d", r"\w", r"\s", r"\D", "[a-c]", "[^a]", "[0-9_-]", ".", r"\."])


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | inner.map("(?:{})*".format)
        | inner.map("({})+".format)
        | inner.map("(?:{})?".format)
        | inner.map("(?:{}){{1,3}}".format)
        | st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})")
    )


def _with_places(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        _wider(inner)
        | inner.map("^{}".format)
        | inner.map("{}$".format)
        | inner.map("(?={})".format)
        | inner.map("(?!{})".format)
    )


CONSUMING = st.recursive(PLAIN, _wider, max_leaves=5)
EXPRESSIONS = st.recursive(PLAIN, _with_places, max_leaves=5)
TEXTS = st.text(alphabet="ab0- _.9c", max_size=6)


@given(EXPRESSIONS, TEXTS)
def test_what_matches_is_what_python_matches(expression: str, text: str) -> None:
    """For expressions that mean the same in both dialects."""
    assert patterns.search(patterns.read(expression), text) == (re.search(expression, text) is not None)


@given(CONSUMING, st.integers(min_value=0, max_value=3), st.integers())
def test_a_sample_matches_from_end_to_end(expression: str, extra: int, seed: int) -> None:
    text = patterns.sample(patterns.read(expression), chance(seed), extra)
    assert re.fullmatch(expression, text)
    assert patterns.search(patterns.read(f"^(?:{expression})$"), text)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"^\d{3}-\d{4}$", "555-0123"),
        (r"^(?<area>[A-Z]{2,3})", "ABC"),
        (r"^\u{1F600}\x41\u0042\t$", "\U0001f600AB\t"),
        (r"^[\d\-a-f]+$", "0-af"),
        (r"^[^\s\S]?$", ""),
        (r"^a{,3}$", "a{,3}"),
        (r"\bword\b", "a word here"),
        (r"(?<=\$)\d+", "$12"),
        (r"^(?=.*\d)(?=.*[a-z]).{4,8}$", "abc1"),
    ],
)
def test_the_dialect_of_schemas_is_read(expression: str, text: str) -> None:
    assert patterns.search(patterns.read(expression), text)


@pytest.mark.parametrize(
    "expression",
    [r"(a)\1", r"\p{L}", "(?i)a", "a**", "(", ")", "[a", "a{5,2}", "a{99999999}", "*", r"\u{110000}", "[z-a]"],
)
def test_what_is_malformed_or_not_understood_is_refused_by_name(expression: str) -> None:
    with pytest.raises(patterns.PatternRefused, match="pattern"):
        patterns.read(expression)


@given(st.text(alphabet=r"ab\d[](){}*+?|^$.-,19:=!<>", max_size=20))
def test_any_text_is_read_or_refused(expression: str) -> None:
    try:
        tree = patterns.read(expression)
    except patterns.PatternRefused:
        return
    assert patterns.search(tree, "ab1-") in {True, False}


def test_nesting_is_bounded() -> None:
    with pytest.raises(patterns.PatternRefused, match="deep"):
        patterns.read("(" * 1000 + ")" * 1000)


def test_an_expression_that_backtracks_for_ever_elsewhere_ends() -> None:
    assert not patterns.search(patterns.read("^(a+)+$"), "a" * 2000 + "b")

"""Expressions of costs, as CEL's own implementation judges them."""

from __future__ import annotations

import sys

import pytest

from penstock.config.manifests.costs import try_expression
from penstock.config.native_yaml import load_files

_CASE = "tests/vectors/manifests/costs-and-limits/a.yaml"


@pytest.mark.parametrize(
    "expression",
    [
        "input_tokens + output_tokens * 6u",
        "uint(double(input_tokens - cached_input_tokens) * 0.1) + total_tokens",
        "model.startsWith('gpt-') ? reasoning_tokens : cache_creation_input_tokens",
        "backend == 'a' && route_name == 'b' ? 1 : 2",
    ],
)
def test_whole_numbers_of_unsigned_counts_are_costs(expression: str) -> None:
    assert try_expression(expression) is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("input_tokens * 0.1", "is not a valid expression: "),
        ("input_tokens + 1", "is not a valid expression: "),  # a signed number beside an unsigned one
        ("input_tokens +", "is not a valid expression: "),
        ("price", "is not a valid expression: "),
        ("model", "must give a whole number, and gives STRING"),
        ("double(input_tokens)", "must give a whole number, and gives DOUBLE"),
        ("int(input_tokens) - 1", "must give a whole number, 0 or more, when no tokens were used"),
        ("total_tokens / input_tokens", "must give a whole number, 0 or more, when no tokens were used"),
        ("", "is not a valid expression: "),
    ],
)
def test_other_expressions_are_refused(expression: str, problem: str) -> None:
    found = try_expression(expression)

    assert found is not None
    assert found.startswith(problem)


def test_without_the_extra_it_is_said_that_nothing_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)

    notes = [note.message for note in load_files([_CASE], {}).notes]

    assert "was not checked: expressions need the extra cel (pip install 'penstock[cel]')" in notes

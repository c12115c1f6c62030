from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.chance import chance, digest


@given(st.lists(st.text(), max_size=5))
def test_the_same_parts_draw_the_same(parts: list[str]) -> None:
    assert [chance(*parts).random() for _ in range(3)] == [chance(*parts).random() for _ in range(3)]


def test_the_border_between_parts_counts() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_another_part_draws_otherwise() -> None:
    assert chance("seed", 1).random() != chance("seed", 2).random()

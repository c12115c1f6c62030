from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.nesting import is_deeper_than

VALUES = st.recursive(
    st.none() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(VALUES, st.integers(min_value=0, max_value=8))
def test_depth_is_that_of_the_deepest_member(value: object, levels: int) -> None:
    assert is_deeper_than(levels, value) == (depth_of(value) > levels)


def test_no_nesting_is_too_deep_to_be_measured() -> None:
    value: list[object] = []
    for _ in range(99_999):
        value = [value]
    assert is_deeper_than(99_999, value)
    assert not is_deeper_than(100_000, value)

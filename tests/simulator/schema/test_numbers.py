from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.chance import chance
from penstock.simulator.schema.document import Node
from penstock.simulator.schema.numbers import write_number

BOUNDS = st.integers(-(10**20), 10**20) | st.floats(-1e15, 1e15)


@given(BOUNDS, st.floats(min_value=0, max_value=1e6), st.integers())
def test_a_number_between_two_bounds_is_found(least: float, span: float, seed: int) -> None:
    most = max(least, least + span)  # a sum of large numbers may be rounded to less than either
    node = Node(minimum=least, maximum=most)
    number = write_number([node], chance(seed), whole=False)
    assert number is not None
    assert least <= number <= most


@given(BOUNDS, st.integers(1, 10**6), st.integers())
def test_an_integer_above_a_bound_and_on_a_grid_is_found(above: float, step: int, seed: int) -> None:
    number = write_number([Node(exclusive_minimum=above, multiple_of=step)], chance(seed), whole=True)
    assert isinstance(number, int)
    assert number > above
    assert number % step == 0


@given(st.integers(-50, 50), st.integers())
def test_only_a_lower_or_only_an_upper_bound_suffices(bound: int, seed: int) -> None:
    assert (write_number([Node(minimum=bound)], chance(seed), whole=True) or 0) >= min(bound, 0)
    assert (write_number([Node(exclusive_maximum=bound)], chance(seed), whole=False) or -1e9) < bound


def test_bounds_and_steps_of_all_nodes_hold() -> None:
    nodes = [Node(multiple_of=4, minimum=13), Node(multiple_of=6, maximum=24), Node(exclusive_maximum=24, minimum=0)]
    assert write_number(nodes, chance("seed"), whole=True) is None
    assert write_number(nodes[:2], chance("seed"), whole=True) == 24


def test_a_decimal_step_gives_decimals_that_divide_without_rest() -> None:
    for seed in range(200):
        number = write_number([Node(multiple_of=0.01, minimum=0.5, maximum=0.6)], chance(seed), whole=False)
        assert number is not None
        assert (number / 0.01).is_integer()

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.spread import cpu_us_per_event, paired_ratios, percentile, spread

VALUES = st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=1, max_size=50)


@given(VALUES)
def test_spread_is_median_lowest_and_highest(values: list[float]) -> None:
    found = spread(values)
    assert found.middle == statistics.median(values)
    assert found.low == min(values)
    assert found.high == max(values)


@given(VALUES, st.floats(min_value=0.1, max_value=100))
def test_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    not_above = sum(value <= found for value in values)
    below = sum(value < found for value in values)
    assert found in values
    assert not_above >= len(values) * percent / 100 > below or below == 0


def test_percentile_of_a_hundred_values_is_found_by_rank() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_percentile_of_nothing_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="values"):
        percentile(values, percent)


def test_ratios_pair_rounds_so_that_a_slow_round_cancels_out() -> None:
    assert paired_ratios([40.0, 80.0, 44.0], [50.0, 100.0, 55.0]) == pytest.approx([0.8, 0.8, 0.8])


def test_ratios_of_unequal_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratios([1.0, 2.0], [1.0])


def test_event_cost_leaves_out_what_the_requests_themselves_cost() -> None:
    # 200 streams of 100 events: 0.5 s in all, of which 200 × 50 µs went into requests
    assert cpu_us_per_event(0.5, streams=200, events=20_000, cpu_us_per_request=50.0) == pytest.approx(24.5)


def test_event_cost_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match="no events"):
        cpu_us_per_event(1.0, streams=1, events=0, cpu_us_per_request=1.0)

"""Sums over processes, and their way through JSON."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from penstock.telemetry.metrics import CounterFamily, GaugeFamily, HistogramFamily, read
from penstock.telemetry.readings import Reading, add_up, render, that_stay

LABEL = st.sampled_from(["a", "b", "c"])
COUNTED = st.lists(st.tuples(LABEL, st.integers(0, 1000)), max_size=8)
OBSERVED = st.lists(st.tuples(LABEL, st.floats(0, 400)), max_size=8)


def process(counted: list[tuple[str, int]], observed: list[tuple[str, float]]) -> list[Reading]:
    counters, histograms = CounterFamily("c_total", "C.", ("x",)), HistogramFamily("h", "H.", ("x",))
    for label, number in counted:
        counters.child(label).add(number)
    for label, value in observed:
        histograms.child(label).observe(value)
    gauges = GaugeFamily("g", "G.", (), lambda: [((), len(counted))])
    return read([counters, histograms, gauges])


@given(COUNTED, OBSERVED, COUNTED, OBSERVED)
def test_the_sum_of_two_processes_is_what_one_would_have_counted(
    counted: list[tuple[str, int]],
    observed: list[tuple[str, float]],
    counted_too: list[tuple[str, int]],
    observed_too: list[tuple[str, float]],
) -> None:
    one, other = process(counted, observed), process(counted_too, observed_too)
    together = process(counted + counted_too, observed + observed_too)

    summed = {reading.name: reading for reading in add_up([one, other])}

    for reading in together:
        found = summed[reading.name]
        assert sorted(found.numbers) == sorted(reading.numbers)
        assert {key: each.counts for key, each in found.buckets} == {key: each.counts for key, each in reading.buckets}
        totals = {key: each.total for key, each in reading.buckets}
        assert all(abs(each.total - totals[key]) < 1e-6 for key, each in found.buckets)


@given(COUNTED, OBSERVED)
def test_readings_travel_as_json(counted: list[tuple[str, int]], observed: list[tuple[str, float]]) -> None:
    readings = process(counted, observed)

    travelled = msgspec.json.decode(msgspec.json.encode(readings), type=list[Reading])

    assert render(travelled) == render(readings)


def test_what_is_added_up_is_not_changed() -> None:
    readings = process([("a", 1)], [("a", 1.0)])
    before = render(readings)

    add_up([readings, readings])

    assert render(readings) == before


def test_only_gauges_end_with_their_process() -> None:
    assert [reading.name for reading in that_stay(process([], []))] == ["c_total", "h"]

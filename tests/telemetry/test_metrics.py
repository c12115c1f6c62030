"""The exposition, as Prometheus' own parser reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from penstock.telemetry.metrics import CounterFamily, Family, GaugeFamily, Histogram, HistogramFamily, read
from penstock.telemetry.readings import render

LABELS = st.text(st.characters(codec="utf-8"))


def samples(*families: Family) -> dict[tuple[str, tuple[str, ...]], float]:
    found = {}
    for family in text_string_to_metric_families(render(read(families))):
        for sample in family.samples:
            found[sample.name, tuple(sample.labels.values())] = sample.value
    return found


@given(st.dictionaries(st.tuples(LABELS, LABELS), st.floats(0, 1e15), max_size=5))
def test_counters_are_read_back_whatever_their_labels(values: dict[tuple[str, str], float]) -> None:
    family = CounterFamily("a_total", 'With "quotes", \\ and\nlines.', ("x", "y"))
    for labels, value in values.items():
        family.child(*labels).add(value)
    assert samples(family) == {("a_total", labels): value for labels, value in values.items()}


OBSERVED = st.lists(st.floats(0, 100) | st.sampled_from(Histogram().bounds), max_size=40)


@given(OBSERVED, OBSERVED)
def test_buckets_are_cumulative_and_agree_with_the_observations(together: list[float], apart: list[float]) -> None:
    family = HistogramFamily("h", "H.", ("x",))
    family.child("a").observe_all(together)
    for value in apart:
        family.child("a").observe(value)
    values = together + apart
    found = samples(family)
    for bound in Histogram().bounds:
        number = str(int(bound)) if bound == int(bound) else repr(bound)
        assert found["h_bucket", ("a", number)] == sum(value <= bound for value in values)
    assert found["h_bucket", ("a", "+Inf")] == found["h_count", ("a",)] == len(values)
    assert found["h_sum", ("a",)] == pytest.approx(sum(values))


def test_a_child_is_the_same_object_each_time() -> None:
    family = CounterFamily("a_total", "A.", ("x",))
    family.child("1").add()
    family.child("1").add(2)
    assert samples(family) == {("a_total", ("1",)): 3}


def test_gauges_are_read_when_asked_for() -> None:
    number = [1.5]
    family = GaugeFamily("g", "G.", ("x",), lambda: [(("a",), number[0])])
    assert samples(family) == {("g", ("a",)): 1.5}
    number[0] = -2
    assert samples(family) == {("g", ("a",)): -2}


def test_a_name_without_labels() -> None:
    assert samples(GaugeFamily("g", "G.", (), lambda: [((), 7)])) == {("g", ()): 7}

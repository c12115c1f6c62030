from __future__ import annotations

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.leaks import MEMORY_GROWTH_MIB, left_behind, memory_finding, memory_growth_mib, read_metric


def test_metrics_of_the_official_client_are_read_and_summed_over_labels() -> None:
    registry = prometheus_client.CollectorRegistry()
    gauge = prometheus_client.Gauge("pool_connections", "Open.", ["backend", "state"], registry=registry)
    for backend, state, value in (("a", "idle", 3), ("a", "busy", 2), ("b", "busy", 5)):
        gauge.labels(backend, state).set(value)
    prometheus_client.Gauge("pool_connections_more", "Another.", registry=registry).set(100)
    text = prometheus_client.generate_latest(registry).decode()
    assert read_metric(text, "pool_connections") == 10
    assert read_metric(text, "pool_connections", 'state="busy"') == 7
    assert read_metric(text, "pool_connections", 'state="busy"', 'backend="b"') == 5
    with pytest.raises(LookupError, match="pool_connection "):
        read_metric(text, "pool_connection")


@given(st.integers(min_value=0, max_value=40))
def test_what_a_warm_up_takes_is_no_leak(taken: int) -> None:
    samples = [50.0 + taken * min(1.0, number / 10) for number in range(40)]
    assert memory_finding(samples) == []


def test_steady_growth_is_a_leak() -> None:
    samples = [50.0 + number * 0.25 for number in range(120)]
    assert memory_growth_mib(samples) == pytest.approx(15.0)
    assert "grew by 15.0 MiB" in memory_finding(samples)[0]


def test_ups_and_downs_are_no_leak() -> None:
    assert memory_finding([50.0 + 3 * MEMORY_GROWTH_MIB * (number % 3) for number in range(120)]) == []


def test_few_samples_tell_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        memory_growth_mib([1.0] * 7)


def test_only_what_is_above_where_it_was_is_left_behind() -> None:
    before = {"tasks": 3.0, "open files": 20.0, "connections": 0.0}
    assert left_behind(before, {"tasks": 3.0, "open files": 19.0, "connections": 2.0}) == [
        "connections: 0 before, 2 after"
    ]

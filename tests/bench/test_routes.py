"""The measurement of routes runs for real, with little of everything; what it measures is nobody's promise here."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from bench import machine, results
from bench.routes import Plan, run

_PLAN = Plan(rounds=1, seconds=0.1, idle_seconds=0.1, by_model=(2,), by_header=(2,), workers=(2,), at_start=3)


@pytest.fixture(autouse=True)
def own_cores() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    machine.cores.cache_clear()
    yield
    os.sched_setaffinity(0, cores)
    machine.cores.cache_clear()


def test_every_question_gets_its_figures() -> None:
    report = run(_PLAN)

    idle = (results.RSS_IDLE_MIB, results.PSS_IDLE_MIB, results.CPU_IDLE_PERCENT, results.START_S)
    wanted = {
        ("start_small", results.START_S),
        ("start_native_3", results.START_CPU_S),
        ("start_manifests_3", results.START_S),
        ("by_model_2", results.FIND_US),
        ("by_model_2", results.CPU_PER_REQUEST),
        ("by_header_2", results.FIND_US),
        ("by_header_2", results.CPU_PER_REQUEST),
        *(("idle_2", metric) for metric in idle),
    }
    found = {(row.scenario, row.metric): row.value for row in report.rows}
    assert wanted <= set(found)
    assert found["idle_2", results.PROCESSES] == 3
    assert 0 < found["idle_2", results.PSS_IDLE_MIB] <= found["idle_2", results.RSS_IDLE_MIB]
    in_ticks = {results.START_CPU_S, results.CPU_PER_REQUEST, results.CPU_IDLE_PERCENT}  # too short a time for one
    assert all(value > 0 for (_, metric), value in found.items() if metric not in in_ticks)

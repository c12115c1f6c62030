"""One measurement of one gateway under one scenario: load it, and read what its processes used meanwhile.

CPU is what the kernel charged to the gateway's process tree between the start of the load and its last answer,
divided by the answers. Latency is taken apart from it, over one connection, where nothing queues.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench import load, process_tree, results
from bench.rig import Running
from bench.scenarios import Scenario
from bench.spread import cpu_us_per_event, percentile

WARM_S = 0.3
LATENCY_S = 0.7
MAX_REQUESTS = 200_000

Figures = dict[str, float]
"""By metric; see ``bench.results``."""


class NothingMeasured(Exception):
    """A gateway gave no answer, or has gone; the text says what came instead."""


def _run(running: Running, scenario: Scenario, connections: int, seconds: float) -> load.LoadResult:
    try:
        result = load.run(running.load(scenario, connections, seconds, MAX_REQUESTS))
    except OSError as gone:
        raise NothingMeasured(f"{scenario.name}: {gone}") from gone
    if not result.answers:
        raise NothingMeasured(f"{scenario.name}: {result.first_error or 'no answer'}")
    return result


def _loaded(running: Running, scenario: Scenario, connections: int, seconds: float) -> tuple[load.LoadResult, float]:
    """Return what the load brought and the gateway's CPU seconds."""
    before_s = process_tree.cpu_s(running.pid) if running.pid else 0.0
    result = _run(running, scenario, connections, seconds)
    used_s = process_tree.cpu_s(running.pid) - before_s if running.pid else 0.0
    return result, used_s


def _unary(running: Running, scenario: Scenario, seconds: float) -> Figures:
    result, cpu_s = _loaded(running, scenario, running.gateway.unary_connections, seconds)
    alone = _run(running, scenario, 1, LATENCY_S)
    figures = {
        results.REQUESTS_PER_S: result.answers / result.elapsed_s,
        results.ERRORS: float(result.errors + alone.errors),
        results.P50_MS: percentile(alone.latencies_s, 50) * 1000,
        results.P99_MS: percentile(alone.latencies_s, 99) * 1000,
    }
    if running.pid:
        figures[results.CPU_PER_REQUEST] = cpu_s / result.answers * 1e6
        figures[results.CPU_SHARE] = cpu_s / result.elapsed_s
    return figures


def _stream(running: Running, scenario: Scenario, seconds: float, unary_us: float) -> Figures:
    result, cpu_s = _loaded(running, scenario, running.gateway.stream_connections, seconds)
    figures = {
        results.EVENTS_PER_S: result.events / result.elapsed_s,
        results.READS_PER_EVENT: result.event_reads / result.events,
        results.ERRORS: float(result.errors),
    }
    if running.pid:
        figures[results.CPU_PER_EVENT] = cpu_us_per_event(cpu_s, result.answers, result.events, unary_us)
        figures[results.CPU_SHARE] = cpu_s / result.elapsed_s
    return figures


def measure(running: Running, scenario: Scenario, seconds: float, this_round: Mapping[str, Figures]) -> Figures:
    """Measure one scenario; ``this_round`` holds what this gateway has shown in this round already, by scenario.

    Raises:
        NothingMeasured: not one answer came, or it is not known what a stream costs beside its events.
    """
    connections = running.gateway.stream_connections if scenario.stream else running.gateway.unary_connections
    _run(running, scenario, connections, WARM_S)
    if scenario.stream:
        if scenario.unary not in this_round:
            raise NothingMeasured(f"{scenario.name}: {scenario.unary} was not measured")
        unary_us = this_round[scenario.unary].get(results.CPU_PER_REQUEST, 0.0)
        return _stream(running, scenario, seconds, unary_us)
    return _unary(running, scenario, seconds)

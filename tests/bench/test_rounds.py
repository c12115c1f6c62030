from __future__ import annotations

import pytest

from bench import results
from bench.results import Row
from bench.rounds import Round, add_latencies, rows
from bench.scenarios import SMALL, STREAM, TRANSLATED


def _round(ours: float, envoys: float, direct_ms: float) -> Round:
    unary = {results.REQUESTS_PER_S: 1000.0, results.P50_MS: direct_ms + 0.2, results.P99_MS: direct_ms + 0.9}
    return {
        "direct": {SMALL.name: {results.P50_MS: direct_ms, results.P99_MS: direct_ms * 2}},
        "penstock": {
            SMALL.name: {results.CPU_PER_REQUEST: ours, **unary},
            STREAM.name: {results.CPU_PER_EVENT: ours / 4},
        },
        "envoy": {
            SMALL.name: {results.CPU_PER_REQUEST: envoys, **unary},
            STREAM.name: {results.CPU_PER_EVENT: envoys / 4},
        },
    }


def _find(found: list[Row], gateway: str, scenario: str, metric: str) -> Row:
    return next(row for row in found if (row.gateway, row.scenario, row.metric) == (gateway, scenario, metric))


def test_a_row_holds_median_spread_and_every_round() -> None:
    rounds = [_round(50, 80, 0.1), _round(90, 150, 0.1), _round(54, 80, 0.1)]
    row = _find(rows(rounds), "penstock", SMALL.name, results.CPU_PER_REQUEST)
    assert (row.value, row.low, row.high, row.rounds, row.unit) == (54, 50, 90, [50, 90, 54], "µs")


def test_the_multiple_of_envoy_is_taken_within_each_round() -> None:
    rounds = [_round(40, 80, 0.1), _round(90, 150, 0.1), _round(32, 80, 0.1)]
    for scenario in (SMALL.name, STREAM.name):
        row = _find(rows(rounds), "penstock", scenario, results.CPU_TO_ENVOY)
        assert row.rounds == pytest.approx([0.5, 0.6, 0.4])
        assert row.value == pytest.approx(0.5)


def test_added_latency_is_what_is_above_the_direct_way_of_the_same_round() -> None:
    rounds = [_round(40, 80, 0.1), _round(40, 80, 0.5)]
    for one in rounds:
        add_latencies(one)
    row = _find(rows(rounds), "envoy", SMALL.name, results.ADDED_P50_MS)
    assert row.rounds == pytest.approx([0.2, 0.2])
    assert not any(row.gateway == "direct" and row.metric == results.ADDED_P50_MS for row in rows(rounds))


def test_what_one_round_did_not_measure_has_no_row() -> None:
    rounds = [_round(40, 80, 0.1), _round(40, 80, 0.1)]
    del rounds[1]["envoy"]
    found = rows(rounds)
    assert not any(row.gateway == "envoy" or row.metric == results.CPU_TO_ENVOY for row in found)
    assert _find(found, "penstock", SMALL.name, results.CPU_PER_REQUEST).value == 40


def test_translation_is_a_multiple_of_the_same_gateway_without_it() -> None:
    rounds = [_round(40, 80, 0.1), _round(50, 80, 0.1)]
    for one in rounds:
        for scenario in TRANSLATED:
            metric = results.CPU_PER_EVENT if scenario.stream else results.CPU_PER_REQUEST
            one["penstock"][scenario.name] = {metric: 15.0 if scenario.stream else 60.0}
    for scenario in TRANSLATED:
        row = _find(rows(rounds), "penstock", scenario.name, results.CPU_TO_UNTRANSLATED)
        assert row.rounds == pytest.approx([1.5, 1.2])
    compared = {row.scenario for row in rows(rounds) if row.metric == results.CPU_TO_ENVOY}
    assert compared == {SMALL.name, STREAM.name}

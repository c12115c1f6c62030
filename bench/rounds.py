"""Rounds over scenarios and gateways, interleaved, and the rows that come of them.

Within a round every scenario is measured through one gateway after the other, so that what the machine does in that
minute meets them all alike; the next round begins with another gateway. Figures are compared within a round first
(ratio to Envoy, or to the same gateway without translation; latency added to the direct way) and only then summed up
over the rounds.
"""

from __future__ import annotations

from bench import results
from bench.gateways import direct, envoy
from bench.measure import Figures, NothingMeasured, measure
from bench.results import Row
from bench.rig import Rig
from bench.scenarios import ALL, OPENAI, Scenario
from bench.spread import paired_ratios, spread

Round = dict[str, dict[str, Figures]]
"""Gateway, then scenario, then metric."""
CPU_METRICS = (results.CPU_PER_REQUEST, results.CPU_PER_EVENT)
LATENCIES = ((results.P50_MS, results.ADDED_P50_MS), (results.P99_MS, results.ADDED_P99_MS))


def run_round(rig: Rig, number: int, rounds: int, seconds: float) -> Round:
    """Measure every scenario once; a gateway that stops answering is left out from there on."""
    figures: Round = {running.gateway.name: {} for running in rig.running}
    for scenario in rig.scenarios:
        able = [running for running in rig.running if scenario.name in running.requests]
        first = number % max(1, len(able))
        for running in able[first:] + able[:first]:
            so_far = figures[running.gateway.name]
            try:
                so_far[scenario.name] = measure(running, scenario, seconds, so_far)
            except NothingMeasured as reason:
                rig.leave_out(running, scenario, str(reason))
        print(f"round {number + 1}/{rounds}: {scenario.title}: {_progress(figures, scenario.name)}", flush=True)
    return figures


def _progress(figures: Round, scenario: str) -> str:
    said = []
    for gateway, measured in figures.items():
        known = measured.get(scenario, {})
        said += [f"{gateway} {known[metric]:,.0f} µs" for metric in CPU_METRICS if metric in known]
    return ", ".join(said)


def add_latencies(figures: Round) -> None:
    """Add to each gateway's figures what its latency is above the direct way's in the same round."""
    for gateway, measured in figures.items():
        for scenario, known in measured.items():
            reference = figures.get(direct.GATEWAY.name, {}).get(scenario, {})
            for whole, added in LATENCIES:
                if gateway != direct.GATEWAY.name and whole in known and whole in reference:
                    known[added] = known[whole] - reference[whole]


def make_row(gateway: str, scenario: str, metric: str, values: list[float]) -> Row:
    """Return the row of a figure that was taken in every round."""
    over_rounds = spread(values)
    return Row(
        gateway=gateway,
        scenario=scenario,
        metric=metric,
        unit=results.UNITS[metric],
        value=round(over_rounds.middle, 4),
        low=round(over_rounds.low, 4),
        high=round(over_rounds.high, 4),
        rounds=[round(value, 4) for value in values],
    )


def _series(rounds: list[Round], gateway: str, scenario: str) -> dict[str, list[float]]:
    """Return the values of each metric that every round has."""
    found = [figures.get(gateway, {}).get(scenario, {}) for figures in rounds]
    return {
        metric: [known[metric] for known in found] for metric in found[0] if all(metric in known for known in found)
    }


def rows(rounds: list[Round]) -> list[Row]:
    """Sum up all rounds: every metric that each of them measured, and the CPU as a multiple of its reference."""
    made = []
    for gateway in rounds[0]:
        for scenario in ALL:
            series = _series(rounds, gateway, scenario.name)
            made += [make_row(gateway, scenario.name, metric, values) for metric, values in series.items()]
            made += _ratios(rounds, gateway, scenario, series)
    return made


def _ratios(rounds: list[Round], gateway: str, scenario: Scenario, series: dict[str, list[float]]) -> list[Row]:
    """Return the CPU as a multiple of what the scenario is compared with, where both were measured."""
    if scenario.upstream == OPENAI:
        ratio, reference = results.CPU_TO_ENVOY, _series(rounds, envoy.GATEWAY.name, scenario.name)
    else:
        ratio, reference = results.CPU_TO_UNTRANSLATED, _series(rounds, gateway, scenario.untranslated)
    return [
        make_row(gateway, scenario.name, ratio, paired_ratios(series[metric], reference[metric]))
        for metric in CPU_METRICS
        if metric in series and metric in reference
    ]


def process_row(gateway: str, metric: str, value: float) -> Row:
    """Return a row of a figure that is taken once in a run."""
    return make_row(gateway, results.PROCESS, metric, [value])

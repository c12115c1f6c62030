from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench import plot, results
from bench.plot import Scale, scale_for
from bench.results import Report
from bench.rounds import Round, rows
from bench.scenarios import SCENARIOS, SMALL

SVG = "{http://www.w3.org/2000/svg}"


def _report(costs: dict[str, float]) -> Report:
    one: Round = {name: {SMALL.name: {results.CPU_PER_REQUEST: cost}} for name, cost in costs.items()}
    return Report(date="2026-11-23", rounds=1, seconds=1.0, machine={}, versions={}, left_out={}, rows=rows([one]))


def test_each_gateway_has_a_bar_whose_length_is_logarithmic() -> None:
    root = ET.fromstring(plot.svg(_report({"penstock": 10.0, "envoy": 100.0, "litellm": 10_000.0})))
    bars = [float(bar.attrib["width"]) for bar in root.iter(f"{SVG}rect") if "x" in bar.attrib]
    assert bars == pytest.approx([0, bars[2] / 3, bars[2]], abs=0.2)


def test_labels_name_gateway_and_figure() -> None:
    texts = {
        text.text for text in ET.fromstring(plot.svg(_report({"penstock": 45.0, "envoy": 70.0}))).iter(f"{SVG}text")
    }
    assert {"Penstock", "Envoy", "45.0", "70.0", f"CPU µs, {SMALL.title}"} <= texts
    assert not any(scenario.title in str(texts) for scenario in SCENARIOS[1:])


@pytest.mark.parametrize(
    ("values", "scale"),
    [([45.0], Scale(1, 2)), ([10.0], Scale(1, 2)), ([0.5, 15_000.0], Scale(-1, 5)), ([100.0, 1000.0], Scale(2, 3))],
)
def test_a_scale_is_whole_decades_around_all_values(values: list[float], scale: Scale) -> None:
    assert scale_for(values) == scale


def test_a_report_without_figures_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="empty"):
        plot.svg(_report({}))

from __future__ import annotations

from bench import results, routes_text
from bench.results import Report
from bench.rounds import make_row
from bench.table import BEGIN, END


def test_scenarios_stand_in_the_order_of_their_numbers_each_with_its_figures() -> None:
    figures = [
        ("by_model_1000", results.FIND_US, 1.5),
        ("by_model_1", results.FIND_US, 1.25),
        ("by_model_1", results.CPU_PER_REQUEST, 50.0),
        ("by_header_10", results.FIND_US, 3.0),
        ("idle_2", results.PROCESSES, 3.0),
        ("idle_2", results.CPU_IDLE_PERCENT, 0.125),
        ("start_small", results.START_S, 0.25),
        ("start_manifests_1000", results.START_S, 0.75),
    ]
    report = Report(
        date="2026-11-23",
        rounds=3,
        seconds=1,
        machine={"cpu": "made-up", "cores": "2", "placement": "somewhere"},
        versions={"penstock": "1.2.3"},
        left_out={},
        rows=[make_row("penstock", scenario, metric, [value]) for scenario, metric, value in figures],
    )

    block = routes_text.block(report)

    assert block.startswith(BEGIN)
    assert block.endswith(END)
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in block.splitlines() if line[:1] == "|"]
    assert [line for line in lines if not line[0].startswith("-")] == [
        ["while nobody asks", "processes", "resident MiB", "PSS MiB", "CPU % of a core", "start s"],
        ["`--workers 2`", "3", "–", "–", "0.12", "–"],
        ["start with", "s", "CPU s"],
        ["one model", "0.25", "–"],
        ["1,000 routes, as manifests", "0.75", "–"],
        ["routes", "to find the last, µs", "CPU of a request, µs"],
        ["1 by model", "1.25", "50.0"],
        ["1,000 by model", "1.50", "–"],
        ["10 by header", "3.00", "–"],
    ]
    assert "1.2.3" in block

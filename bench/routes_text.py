"""Render what ``bench.routes`` has measured for people: its tables, and the block of ``docs/operations.md``. Pure."""

from __future__ import annotations

from bench import results
from bench.results import Report, Row
from bench.table import BEGIN, END, aligned, figure

STARTS = {
    "start_small": "one model",
    "start_native": "{count} routes",
    "start_manifests": "{count} routes, as manifests",
}


def block(report: Report) -> str:
    """Return the tables and how they came about, between the marks of their place in a document."""
    machine, version = report.machine, report.versions["penstock"]
    idle = [
        [f"`--workers {count}`", *(_cell(row) for row in rows)]
        for count, rows in _numbered(
            report,
            "idle",
            (
                results.PROCESSES,
                results.RSS_IDLE_MIB,
                results.PSS_IDLE_MIB,
                results.CPU_IDLE_PERCENT,
                results.START_S,
            ),
        )
    ]
    starts = [
        [title.format(count=count or ""), *(_cell(row) for row in rows)]
        for name, title in STARTS.items()
        for count, rows in _numbered(report, name, (results.START_S, results.START_CPU_S))
    ]
    lookups = [
        [f"{count} by {what}", *(_cell(row) for row in rows)]
        for what in ("model", "header")
        for count, rows in _numbered(report, f"by_{what}", (results.FIND_US, results.CPU_PER_REQUEST))
    ]
    tables = [
        aligned(["while nobody asks", "processes", "resident MiB", "PSS MiB", "CPU % of a core", "start s"], idle),
        aligned(["start with", "s", "CPU s"], starts),
        aligned(["routes", "to find the last, µs", "CPU of a request, µs"], lookups),
    ]
    how = (
        f"Measured on {report.date} by `make bench-routes` ({version}; {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['placement']}; medians of {report.rounds})."
    )
    return "\n\n".join([BEGIN, *tables, how, END])


def _numbered(report: Report, name: str, metrics: tuple[str, ...]) -> list[tuple[str, list[Row | None]]]:
    """Return the rows of ``name_N`` for every N, smallest first; of ``name`` alone with an empty number."""
    found = {row.scenario for row in report.rows if row.scenario == name or row.scenario.startswith(f"{name}_")}
    numbers = sorted((int(scenario[len(name) + 1 :] or 0), scenario) for scenario in found)
    return [
        (f"{number:,}" if number else "", [report.find("penstock", scenario, metric) for metric in metrics])
        for number, scenario in numbers
    ]


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    return f"{row.value:.0f}" if row.metric == results.PROCESSES else figure(row.value)

"""Render a report for people: the tables of a run, the verdict on the bar, and the block of the README. Pure."""

from __future__ import annotations

from bench import results
from bench.gateways import ALL, envoy, penstock
from bench.results import Report, Row
from bench.scenarios import SCENARIOS, SMALL, STREAM

BAR = 1.0
"""Penstock's CPU per request and per streamed event, as a multiple of Envoy's: not above this."""
NOTHING = "–"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def figure(value: float) -> str:
    """Write a figure with about three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def aligned(header: list[str], body: list[list[str]]) -> str:
    """Return a Markdown table whose columns line up; all but the first are numbers and stand to the right."""
    lines = [header, *body]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]

    def write(line: list[str]) -> str:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        return f"| {' | '.join(cells)} |"

    rule = f"| {'-' * widths[0]} | {' | '.join('-' * (width - 1) + ':' for width in widths[1:])} |"
    return "\n".join([write(header), rule, *map(write, body)])


def _value(row: Row | None) -> str:
    return NOTHING if row is None else figure(row.value)


def _with_spread(row: Row | None) -> str:
    if row is None:
        return NOTHING
    return f"{figure(row.value)} ({figure(row.low)}–{figure(row.high)})"


def _cpu_metric(scenario: str) -> str:
    return results.CPU_PER_EVENT if scenario == STREAM.name else results.CPU_PER_REQUEST


def _named(report: Report) -> list[tuple[str, str]]:
    """Return name and title, with version, of every gateway measured, cheapest first."""

    def cost(name: str) -> float:
        row = report.find(name, SMALL.name, results.CPU_PER_REQUEST)
        return row.value if row else 0.0

    titles = {gateway.name: gateway.title for gateway in ALL}
    names = sorted(report.versions, key=cost)
    return [(name, f"{titles.get(name, name)} {report.versions[name]}".strip()) for name in names]


def scenario_table(report: Report, scenario: str) -> str:
    """Return everything that was measured under one scenario."""
    stream = scenario == STREAM.name
    per_s = results.EVENTS_PER_S if stream else results.REQUESTS_PER_S
    latencies = (results.READS_PER_EVENT,) if stream else (results.ADDED_P50_MS, results.ADDED_P99_MS)
    header = [
        "gateway",
        f"CPU µs per {'event' if stream else 'request'}",
        "× Envoy",
        f"{'events' if stream else 'requests'}/s",
    ]
    header += ["reads per event"] if stream else ["added p50 ms", "added p99 ms"]
    header += ["CPU share", "errors"]
    body = []
    for name, title in _named(report):
        spreads = [
            _with_spread(report.find(name, scenario, metric))
            for metric in (_cpu_metric(scenario), results.CPU_TO_ENVOY)
        ]
        plain = [_value(report.find(name, scenario, m)) for m in (per_s, *latencies, results.CPU_SHARE, results.ERRORS)]
        body.append([title, *spreads, *plain])
    return aligned(header, body)


def verdict(report: Report) -> list[tuple[str, float, bool]]:
    """Return for each scenario its title, Penstock's median multiple of Envoy's CPU, and whether that keeps the bar."""
    found = []
    for scenario in SCENARIOS:
        row = report.find(penstock.GATEWAY.name, scenario.name, results.CPU_TO_ENVOY)
        if row:
            found.append((scenario.title, row.value, row.value <= BAR))
    return found


def full_text(report: Report) -> str:
    """Return the whole report as text."""
    parts = [f"{scenario.title}\n{scenario_table(report, scenario.name)}" for scenario in SCENARIOS]
    header = ["gateway", "start s", "RSS idle MiB", "RSS peak MiB"]
    metrics = (results.START_S, results.RSS_IDLE_MIB, results.RSS_PEAK_MIB)
    body = [
        [title, *(_value(report.find(name, results.PROCESS, m)) for m in metrics)] for name, title in _named(report)
    ]
    parts.append(f"processes\n{aligned(header, body)}")
    parts += [f"left out: {name}: {reason.splitlines()[0]}" for name, reason in report.left_out.items()]
    bars = [
        f"{'pass' if kept else 'MISS'}  {ratio:.2f} × {envoy.GATEWAY.title}  {title}"
        for title, ratio, kept in verdict(report)
    ]
    if bars:
        parts.append(f"the bar: at most {BAR:.1f} × Envoy's CPU (median of {report.rounds} rounds)\n" + "\n".join(bars))
    return "\n\n".join(parts)


def readme_block(report: Report) -> str:
    """Return what stands between the marks in the README, marks included."""
    header = ["CPU µs per", *(scenario.title.removeprefix("unary, ").split(",")[0] for scenario in SCENARIOS[:-1])]
    header += ["streamed event", "requests/s", "added p50 ms", "RSS idle MiB"]
    more = (
        (SMALL.name, results.REQUESTS_PER_S),
        (SMALL.name, results.ADDED_P50_MS),
        (results.PROCESS, results.RSS_IDLE_MIB),
    )
    body = []
    for name, title in _named(report):
        if name == "direct":
            continue
        cpu = [_value(report.find(name, scenario.name, _cpu_metric(scenario.name))) for scenario in SCENARIOS]
        shown = f"**{title}**" if name == penstock.GATEWAY.name else title
        body.append([shown, *cpu, *(_value(report.find(name, scenario, metric)) for scenario, metric in more)])
    machine = report.machine
    method = (
        f"Median of {report.rounds} interleaved rounds on {report.date}, {machine['cores']} cores of {machine['cpu']}; "
        "the gateway has one core, mock upstream and client the other; Penstock with client keys, metrics and access "
        "log on. Repeat it with `make bench`; what is and is not measured is in "
        "[docs/benchmarks.md](docs/benchmarks.md)."
    )
    return f"{BEGIN}\n{aligned(header, body)}\n\n{method}\n{END}"


def insert(document: str, block: str) -> str:
    """Return the document with the block in the place of the one it has.

    Raises:
        ValueError: the document has no such marks.
    """
    begin, end = document.index(BEGIN), document.index(END)
    return document[:begin] + block + document[end + len(END) :]

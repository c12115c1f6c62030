"""Render a report for people: the tables of a run, the verdict on the bar, and the block of the README. Pure."""

from __future__ import annotations

from bench import results
from bench.gateways import ALL, envoy, penstock
from bench.results import Report, Row
from bench.scenarios import ALL as ALL_SCENARIOS
from bench.scenarios import OPENAI, SCENARIOS, SMALL, TRANSLATED, UPSTREAMS, Scenario

BAR = 1.0
"""Penstock's CPU per request and per streamed event, as a multiple of Envoy's: not above this."""
TRANSLATED_BAR = 2.0
"""The same where it has to translate, as a multiple of its own where it does not; and below every rival's."""
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


def _cpu_metric(scenario: Scenario) -> str:
    return results.CPU_PER_EVENT if scenario.stream else results.CPU_PER_REQUEST


def _cpu(report: Report, gateway: str, scenario: Scenario) -> Row | None:
    return report.find(gateway, scenario.name, _cpu_metric(scenario))


def _named(report: Report) -> list[tuple[str, str]]:
    """Return name and title, with version, of every gateway measured, cheapest first."""

    def cost(name: str) -> float:
        row = report.find(name, SMALL.name, results.CPU_PER_REQUEST)
        return row.value if row else 0.0

    titles = {gateway.name: gateway.title for gateway in ALL}
    names = sorted(report.versions, key=cost)
    return [(name, f"{titles.get(name, name)} {report.versions[name]}".strip()) for name in names]


def scenario_table(report: Report, scenario: Scenario) -> str:
    """Return everything that was measured under one scenario."""
    stream = scenario.stream
    per_s = results.EVENTS_PER_S if stream else results.REQUESTS_PER_S
    latencies = (results.READS_PER_EVENT,) if stream else (results.ADDED_P50_MS, results.ADDED_P99_MS)
    ratio = results.CPU_TO_ENVOY if scenario.upstream == OPENAI else results.CPU_TO_UNTRANSLATED
    header = [
        "gateway",
        f"CPU µs per {'event' if stream else 'request'}",
        "× Envoy" if scenario.upstream == OPENAI else "× not translated",
        f"{'events' if stream else 'requests'}/s",
    ]
    header += ["reads per event"] if stream else ["added p50 ms", "added p99 ms"]
    header += ["CPU share", "errors"]
    body = []
    for name, title in _named(report):
        if report.find(name, scenario.name, results.ERRORS) is None:
            continue
        spreads = [_with_spread(report.find(name, scenario.name, metric)) for metric in (_cpu_metric(scenario), ratio)]
        metrics = (per_s, *latencies, results.CPU_SHARE, results.ERRORS)
        body.append([title, *spreads, *(_value(report.find(name, scenario.name, metric)) for metric in metrics)])
    return aligned(header, body)


def _measured(report: Report) -> list[Scenario]:
    names = {row.scenario for row in report.rows}
    return [scenario for scenario in ALL_SCENARIOS if scenario.name in names]


def verdict(report: Report) -> list[tuple[str, float, bool]]:
    """Return for each scenario its title, Penstock's median multiple of Envoy's CPU, and whether that keeps the bar."""
    found = []
    for scenario in SCENARIOS:
        row = report.find(penstock.GATEWAY.name, scenario.name, results.CPU_TO_ENVOY)
        if row:
            found.append((scenario.title, row.value, row.value <= BAR))
    return found


def translated_verdict(report: Report) -> list[tuple[str, bool]]:
    """Return what Penstock's translation costs beside its own relay and beside each rival, and whether that will do."""
    found = []
    for scenario in TRANSLATED:
        ratio = report.find(penstock.GATEWAY.name, scenario.name, results.CPU_TO_UNTRANSLATED)
        ours = _cpu(report, penstock.GATEWAY.name, scenario)
        if ratio is None or ours is None:
            continue
        found.append((f"{figure(ratio.value)} × not translated  {scenario.title}", ratio.value <= TRANSLATED_BAR))
        for name, title in _named(report):
            theirs = _cpu(report, name, scenario)
            if theirs is not None and name != penstock.GATEWAY.name:
                part = ours.value / theirs.value
                found.append((f"{part:.3f} × {title}  {scenario.title}", part < 1))
    return found


def _bars(report: Report) -> list[str]:
    def lines(found: list[tuple[str, bool]]) -> str:
        return "\n".join(f"{'pass' if kept else 'MISS'}  {text}" for text, kept in found)

    parts = []
    envoys = [(f"{ratio:.2f} × {envoy.GATEWAY.title}  {title}", kept) for title, ratio, kept in verdict(report)]
    if envoys:
        parts.append(f"the bar: at most {BAR:.1f} × Envoy's CPU (median of {report.rounds} rounds)\n{lines(envoys)}")
    translated = translated_verdict(report)
    if translated:
        bar = f"at most {TRANSLATED_BAR:.1f} × Penstock's own CPU where it does not translate, and below every rival's"
        parts.append(f"the bar of translation: {bar}\n{lines(translated)}")
    return parts


def full_text(report: Report) -> str:
    """Return the whole report as text."""
    parts = [f"{scenario.title}\n{scenario_table(report, scenario)}" for scenario in _measured(report)]
    header = ["gateway", "start s", "RSS idle MiB", "RSS peak MiB"]
    metrics = (results.START_S, results.RSS_IDLE_MIB, results.RSS_PEAK_MIB)
    body = [
        [title, *(_value(report.find(name, results.PROCESS, m)) for m in metrics)] for name, title in _named(report)
    ]
    parts.append(f"processes\n{aligned(header, body)}")
    parts += [f"left out: {name}: {reason.splitlines()[0]}" for name, reason in report.left_out.items()]
    return "\n\n".join(parts + _bars(report))


def translated_table(report: Report) -> str:
    """Return what translation costs each gateway that was measured at it, or nothing."""
    header = ["CPU µs per"]
    for title in ("OpenAI (not translated)", *UPSTREAMS.values()):
        header += [f"request to {title}", "streamed event"]
    columns = [scenario for scenario in ALL_SCENARIOS if scenario.name in {x.untranslated for x in TRANSLATED}]
    columns += TRANSLATED
    body = []
    for name, title in _named(report):
        cells = [_cpu(report, name, scenario) for scenario in columns]
        if any(cells[2:]):
            shown = f"**{title}**" if name == penstock.GATEWAY.name else title
            body.append([shown, *map(_value, cells)])
        if any(cells[2:]) and name == penstock.GATEWAY.name:
            ratios = [report.find(name, scenario.name, results.CPU_TO_UNTRANSLATED) for scenario in TRANSLATED]
            body.append(["× not translated", "1", "1", *map(_value, ratios)])
    return aligned(header, body) if body else ""


def _not_translated(report: Report) -> str:
    """Return in a sentence each which gateway is missing from which column, and why."""
    titles = {gateway.name: gateway.title for gateway in ALL}
    said: dict[tuple[str, str], str] = {}
    for scenario in TRANSLATED:
        for name, title in titles.items():
            reason = report.left_out.get(f"{name} {scenario.name}")
            if reason:
                said[title, UPSTREAMS[scenario.upstream]] = reason.splitlines()[0]
    return "".join(f" {title} to {upstream} is not measured: {reason}." for (title, upstream), reason in said.items())


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
        cpu = [_value(_cpu(report, name, scenario)) for scenario in SCENARIOS]
        shown = f"**{title}**" if name == penstock.GATEWAY.name else title
        body.append([shown, *cpu, *(_value(report.find(name, scenario, metric)) for scenario, metric in more)])
    machine = report.machine
    method = (
        f"Median of {report.rounds} interleaved rounds on {report.date}, {machine['cores']} cores of {machine['cpu']}; "
        "the gateway has one core, mock upstream and client the other; Penstock with client keys, metrics and access "
        "log on. Repeat it with `make bench`; what is and is not measured is in "
        "[docs/benchmarks.md](docs/benchmarks.md)."
    )
    parts = [aligned(header, body), method]
    translated = translated_table(report)
    if translated:
        lead = "Where the upstream speaks another format than the caller, and the gateway translates both ways:"
        parts += [lead + _not_translated(report), translated]
    block = "\n\n".join(parts)
    return f"{BEGIN}\n{block}\n{END}"


def insert(document: str, block: str) -> str:
    """Return the document with the block in the place of the one it has.

    Raises:
        ValueError: the document has no such marks.
    """
    begin, end = document.index(BEGIN), document.index(END)
    return document[:begin] + block + document[end + len(END) :]

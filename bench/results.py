"""The file that a benchmark run leaves: one row per gateway, scenario and metric, and what a reader needs to judge it.

Read strictly: an unknown member or a wrong type is an error, since tables and plots in the repository are made of it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

LATEST = Path(__file__).parent / "results" / "latest.json"
ROUTES = LATEST.with_name("routes.json")
"""Of ``bench.routes``."""

CPU_PER_REQUEST = "cpu_us_per_request"
CPU_PER_EVENT = "cpu_us_per_event"
CPU_TO_ENVOY = "cpu_to_envoy"
CPU_TO_UNTRANSLATED = "cpu_to_untranslated"
"""Of a gateway that translates, as a multiple of its own without translation."""
REQUESTS_PER_S = "requests_per_s"
EVENTS_PER_S = "events_per_s"
READS_PER_EVENT = "reads_per_event"
CPU_SHARE = "cpu_share"
P50_MS = "p50_ms"
P99_MS = "p99_ms"
ADDED_P50_MS = "added_p50_ms"
ADDED_P99_MS = "added_p99_ms"
RSS_IDLE_MIB = "rss_idle_mib"
RSS_PEAK_MIB = "rss_peak_mib"
PSS_IDLE_MIB = "pss_idle_mib"
"""Memory with pages that processes share divided among them."""
CPU_IDLE_PERCENT = "cpu_idle_percent"
PROCESSES = "processes"
START_S = "start_s"
START_CPU_S = "start_cpu_s"
FIND_US = "find_us"
"""Finding a route, the function alone."""
ERRORS = "errors"
PROCESS = "process"
"""The scenario of metrics that belong to none: memory and start."""

UNITS = {
    CPU_PER_REQUEST: "µs",
    CPU_PER_EVENT: "µs",
    CPU_TO_ENVOY: "×",
    CPU_TO_UNTRANSLATED: "×",
    REQUESTS_PER_S: "1/s",
    EVENTS_PER_S: "1/s",
    READS_PER_EVENT: "1",
    CPU_SHARE: "1",
    P50_MS: "ms",
    P99_MS: "ms",
    ADDED_P50_MS: "ms",
    ADDED_P99_MS: "ms",
    RSS_IDLE_MIB: "MiB",
    RSS_PEAK_MIB: "MiB",
    PSS_IDLE_MIB: "MiB",
    CPU_IDLE_PERCENT: "%",
    PROCESSES: "1",
    START_S: "s",
    START_CPU_S: "s",
    FIND_US: "µs",
    ERRORS: "1",
}


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure: the median over the rounds, the lowest, the highest, and every round's."""

    gateway: str
    scenario: str
    metric: str
    unit: str
    value: float
    low: float
    high: float
    rounds: list[float]


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run of the benchmark."""

    date: str
    rounds: int
    seconds: float
    """Of each measurement."""
    machine: dict[str, str]
    versions: dict[str, str]
    left_out: dict[str, str]
    """Gateways that were not measured, and why."""
    rows: list[Row]

    def find(self, gateway: str, scenario: str, metric: str) -> Row | None:
        """Return a row, or None when it was not measured."""
        wanted = (gateway, scenario, metric)
        return next((row for row in self.rows if (row.gateway, row.scenario, row.metric) == wanted), None)


def write(report: Report, path: Path) -> None:
    """Write a report, one member a line, so that versions of it can be compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def read(path: Path) -> Report:
    """Read a report.

    Raises:
        OSError: there is none.
        msgspec.ValidationError: it is not one.
    """
    return msgspec.json.decode(path.read_bytes(), type=Report)

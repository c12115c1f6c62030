"""What a data plane tells of itself: its metrics, and the models it cannot serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from penstock.app.data_plane import DataPlane
from penstock.telemetry import process
from penstock.telemetry.metrics import Family, GaugeFamily, Sample, read
from penstock.telemetry.readings import Reading


def models_without_target(plane: DataPlane) -> tuple[str, ...]:
    """Return the models none of whose backends has a credential to send."""
    usable = {name for name, each in plane.current.made.items() if each.client.usable}
    snapshot = plane.gateway.snapshot
    models = [*snapshot.models.values(), *snapshot.patterns]
    if snapshot.routes is not None:
        models += [entry.rule for entry in snapshot.routes.entries()]
    if snapshot.passages is not None:
        models += [entry.rule for entry in snapshot.passages.entries()]
    missing = (one.name for one in models if not any(target.backend.name in usable for target in one.targets))
    return tuple(dict.fromkeys(missing))


def read_plane(plane: DataPlane) -> list[Reading]:
    """Return every metric of a data plane and of the process that it runs in."""
    return [*read(plane.parts.accounting.families()), *read(_gauges_of(plane)), *read_process()]


def read_process() -> list[Reading]:
    """Return what any process of ours tells of itself."""
    return read(
        [
            gauge("process_resident_memory_bytes", "Resident memory.", process.resident_bytes),
            gauge("process_cpu_seconds_total", "User and system time.", process.cpu_seconds),
            gauge("process_open_fds", "Open files.", process.open_files),
        ]
    )


def gauge(name: str, text: str, value: Callable[[], float]) -> Family:
    """Return a family of one number without labels."""
    return GaugeFamily(name, text, (), lambda: [((), value())])


def _gauges_of(plane: DataPlane) -> list[Family]:
    def dropped_lines() -> float:
        access_log = plane.current.access_log
        return plane.lines_lost_before + (access_log.dropped_lines if access_log else 0)

    return [
        gauge("penstock_exchanges_in_flight", "Requests being answered.", lambda: plane.in_flight),
        gauge("penstock_client_connections", "Open connections of callers.", lambda: plane.listening.connections),
        GaugeFamily(
            "penstock_client_connections_refused_total",
            "Connections of callers that were turned away before their first request.",
            ("reason",),
            lambda: [((reason,), number) for reason, number in sorted(plane.listening.refused.items())],
        ),
        GaugeFamily(
            "penstock_upstream_connections",
            "Connections to backends.",
            ("backend", "state"),
            lambda: _upstream_connections(plane),
        ),
        gauge("penstock_access_log_dropped_lines_total", "Lines the access log lost.", dropped_lines),
        gauge("penstock_tasks", "Tasks of the event loop.", lambda: len(asyncio.all_tasks())),
        gauge("penstock_snapshots", "Configurations that requests still use.", lambda: 1 + len(plane.retired)),
    ]


def _upstream_connections(plane: DataPlane) -> Iterable[Sample]:
    """Count connections by backend and state, those of older snapshots included."""
    counts: dict[tuple[str, ...], float] = {}
    for client in (*plane.current.clients(), *plane.closing):
        for state, number in (("idle", client.pool.idle), ("busy", client.pool.busy)):
            place = (client.backend.name, state)
            counts[place] = counts.get(place, 0) + number
    return counts.items()

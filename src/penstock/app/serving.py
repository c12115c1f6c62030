"""A gateway with its admin listener in this process: what ``penstock serve`` is with one worker, and ``demo`` runs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from penstock import __version__
from penstock.admin.health import AdminPages
from penstock.admin.reports import ConfigurationReport, Health, Readiness, judge, write_time
from penstock.app.data_plane import DataPlane, start, url_host
from penstock.app.introspection import models_without_target, read_plane
from penstock.core.errors import OperatorError
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.snapshot import Snapshot
from penstock.telemetry.readings import Labels, Reading
from penstock.transport.server import Server, listen

DRAIN_GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that serves."""

    plane: DataPlane
    admin: Server
    configuration: ConfigurationReport
    """Whoever reloads writes down here what came of it."""

    @property
    def gateway(self) -> Gateway:
        """What serves new requests."""
        return self.plane.gateway

    @property
    def data(self) -> Server:
        """The data listener."""
        return self.plane.data

    @property
    def url(self) -> str:
        """Base URL for callers."""
        return self.plane.url

    @property
    def admin_url(self) -> str:
        """Base URL of the admin listener."""
        return admin_url(self.admin)


@dataclass(frozen=True, slots=True)
class OneProcess:
    """What the admin pages show of a single process; see :class:`penstock.admin.health.Sources`."""

    plane: DataPlane
    report: ConfigurationReport

    def health(self) -> Health:
        """Say that this process lives."""
        return health_of(self.report)

    async def readiness(self) -> Readiness:
        """Say whether callers should be sent here."""
        plane = self.plane
        return judge(
            self.report.version,
            draining=plane.data.state.draining,
            models_without_target=models_without_target(plane),
        )

    def configuration(self) -> ConfigurationReport:
        """Say what is configured."""
        return self.report

    async def readings(self) -> Sequence[Reading]:
        """Return every metric."""
        return [*read_plane(self.plane), *read_configuration(self.report)]


@asynccontextmanager
async def serving(
    snapshot: Snapshot, *, grace_s: float = DRAIN_GRACE_S, report: ConfigurationReport | None = None
) -> AsyncIterator[Running]:
    """Serve ``snapshot`` for the length of the context, then drain.

    Raises:
        OperatorError: an address is taken, or a file that the snapshot names cannot be used.
    """
    plane = await start(snapshot)
    report = report or describe(snapshot, version="", loaded_at=time.time())
    try:
        pages = AdminPages(OneProcess(plane, report))
        admin = await listen(pages, host=snapshot.admin_host, port=snapshot.admin_port)
    except OperatorError:
        await plane.drain(0)
        raise
    try:
        yield Running(plane, admin, report)
    finally:
        await plane.drain(grace_s)
        await admin.drain(0)


def describe(snapshot: Snapshot, *, version: str, loaded_at: float) -> ConfigurationReport:
    """Return the report of a snapshot that was taken into use at a Unix time."""
    return ConfigurationReport(
        version=version,
        source=snapshot.source,
        loaded_at=write_time(loaded_at),
        backends=len(snapshot.backends),
        models=len(snapshot.models) + len(snapshot.patterns),
        client_keys=len(snapshot.client_keys),
    )


def health_of(report: ConfigurationReport) -> Health:
    """Say that this process lives."""
    return Health(status="ok", version=__version__, configuration=report.source, models=report.models)


def read_configuration(report: ConfigurationReport) -> list[Reading]:
    """Return the metrics of reloads."""
    results: list[tuple[Labels, float]] = [
        (("accepted",), float(report.reloads)),
        (("refused",), float(report.refused)),
    ]
    return [
        Reading(
            name="penstock_configuration_reloads_total",
            text="Configurations that were read again, by what came of it.",
            kind="counter",
            labels=("result",),
            numbers=results,
        )
    ]


def admin_url(admin: Server) -> str:
    """Return the base URL of an admin listener."""
    return f"http://{url_host(admin.host)}:{admin.port}"

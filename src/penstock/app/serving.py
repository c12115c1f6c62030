"""A gateway with its admin listener in this process: what ``penstock serve`` is with one worker, and ``demo`` runs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from penstock import __version__
from penstock.admin.health import AdminPages
from penstock.admin.reports import ConfigurationReport, Health, Readiness, judge, write_time
from penstock.app.data_plane import DataPlane, start
from penstock.app.introspection import models_without_target, read_plane
from penstock.app.sockets import Bound, bind
from penstock.core.errors import OperatorError
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.snapshot import Listener, Snapshot
from penstock.telemetry.readings import Labels, Reading
from penstock.transport.server import Server, serve_on

DRAIN_GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Admin:
    """The listener for operators."""

    server: Server
    bound: Bound

    @property
    def url(self) -> str:
        """Its base URL, or ``unix:PATH``."""
        return self.bound.url if self.bound.is_unix else f"http://{self.bound.url}"

    async def close(self) -> None:
        """Let go of it at once."""
        self.bound.give_up()
        await self.server.drain(0)


async def listen_for_operators(pages: AdminPages, snapshot: Snapshot) -> Admin:
    """Serve the admin pages.

    Raises:
        OperatorError: the address is taken or cannot be bound.
    """
    place = Listener(host=snapshot.admin_host, port=snapshot.admin_port, unix=snapshot.admin_unix)
    try:
        bound = await bind(place)
    except OperatorError as error:
        msg = f"{error} (the address for operators: admin, --admin)"
        raise OperatorError(msg) from error
    return Admin(await serve_on(pages, bound.of(0)), bound)


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that serves."""

    plane: DataPlane
    admin: Admin
    configuration: ConfigurationReport
    """Whoever reloads writes down here what came of it."""

    @property
    def gateway(self) -> Gateway:
        """What serves new requests."""
        return self.plane.gateway

    @property
    def data(self) -> Server:
        """The first listener for callers."""
        return self.plane.listening.opened[0].server

    @property
    def url(self) -> str:
        """Base URL for callers, at the first listener."""
        return self.plane.urls[0]

    @property
    def admin_url(self) -> str:
        """Base URL of the admin listener."""
        return self.admin.url


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
            self.report,
            draining=plane.listening.draining,
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
    report.listeners = plane.urls
    try:
        admin = await listen_for_operators(AdminPages(OneProcess(plane, report)), snapshot)
    except OperatorError:
        await plane.drain(0)
        raise
    try:
        yield Running(plane, admin, report)
    finally:
        await plane.drain(grace_s)
        await admin.close()


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

"""The composition root: reads a snapshot, builds every object, owns start and drain.

Nothing else constructs long-lived objects, and there are no globals: what a part needs is handed to it here.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from penstock import __version__
from penstock.admin.health import AdminPages
from penstock.core.errors import OperatorError
from penstock.endpoints import all_endpoints
from penstock.relay.accounting import Accounting
from penstock.relay.authorize import authorizer_of
from penstock.relay.backend_client import BackendClient
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.snapshot import Listener, Snapshot
from penstock.telemetry import process
from penstock.telemetry.access_log import AccessLog
from penstock.telemetry.metrics import Family, GaugeFamily, Sample, render
from penstock.transport.deadlines import Deadlines
from penstock.transport.server import Server, listen
from penstock.transport.server_certificate import server_tls
from penstock.transport.server_limits import ServerLimits
from penstock.upstream_auth.sources import CredentialSources

DRAIN_GRACE_S = 30.0
ROUNDS_AFTER_CUT = 1000
GC_THRESHOLDS = (50_000, 20, 50)
"""The request path makes few cycles; the collector's default would look for them after every 700 objects."""

log = logging.getLogger("penstock")


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that serves."""

    gateway: Gateway
    data: Server
    admin: Server

    @property
    def url(self) -> str:
        """Base URL for clients."""
        scheme = "https" if self.gateway.snapshot.listener.tls else "http"
        return f"{scheme}://{_url_host(self.data.host)}:{self.data.port}"

    @property
    def admin_url(self) -> str:
        """Base URL of the admin listener."""
        return f"http://{_url_host(self.admin.host)}:{self.admin.port}"


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop, or asyncio's own where uvloop is not installed."""
    try:
        import uvloop  # noqa: PLC0415 - optional on some platforms
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@asynccontextmanager
async def serving(snapshot: Snapshot, *, grace_s: float = DRAIN_GRACE_S) -> AsyncIterator[Running]:
    """Serve ``snapshot`` for the length of the context, then drain.

    Raises:
        OperatorError: an address is taken, or a file that the snapshot names cannot be used.
    """
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    limits = snapshot.listener.limits
    sources = CredentialSources()
    clients = {
        name: BackendClient(backend, loop, deadlines, limits.upstream_header_bytes, authorizer_of(backend, sources))
        for name, backend in snapshot.backends.items()
    }
    access_log = AccessLog(snapshot.access_log.path, loop) if snapshot.access_log.path else None
    accounting = Accounting(access_log, time.time)
    gateway = Gateway(snapshot, all_endpoints(), clients, accounting)
    servers: list[Server] = []
    try:
        servers.append(await _listen_for_data(gateway, snapshot.listener))
        gauges = _gauges(gateway, clients.values(), servers, access_log)
        pages = AdminPages(lambda: _health(snapshot), lambda: render([*accounting.families(), *gauges]))
        servers.append(await listen(pages, host=snapshot.admin_host, port=snapshot.admin_port))
        yield Running(gateway, servers[0], servers[1])
    finally:
        cut = [await server.drain(grace_s if number == 0 else 0.0) for number, server in enumerate(servers)]
        if cut and cut[0]:
            log.warning("%d connections were cut after the grace time of %g s", cut[0], grace_s)
        for client in clients.values():
            client.pool.close()
        await sources.close()
        await _until_recorded(gateway)
        if access_log is not None:
            access_log.close()


async def _until_recorded(gateway: Gateway) -> None:
    """Let the exchanges that were cut end and be recorded: their tasks hear of it a few rounds of the loop later."""
    for _ in range(ROUNDS_AFTER_CUT):
        if not gateway.in_flight:
            return
        await asyncio.sleep(0.001)
    log.warning("%d exchanges did not end after they were cut", gateway.in_flight)


def run(snapshot: Snapshot, *, explanation: Sequence[str], log_level: str) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status (0, or 1 when the start failed)."""
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    process.raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve_until_told(snapshot, explanation))
    except OperatorError as error:
        log.error("%s", error)  # noqa: TRY400 - the operator's mistake, not a defect: no traceback
        return 1
    return 0


async def _serve_until_told(snapshot: Snapshot, explanation: Sequence[str]) -> None:
    stop = asyncio.Event()
    _on_signals(stop.set)
    async with serving(snapshot) as running:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        for line in explanation:
            log.info("%s", line)
        log.info("penstock %s serves on %s (admin: %s)", __version__, running.url, running.admin_url)
        await stop.wait()
        log.info("draining %d connections", running.data.connections)
        _on_signals(_end_now)


def _on_signals(act: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, act)


def _end_now() -> None:
    log.warning("second signal: ending without waiting for answers in progress")
    sys.stderr.flush()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)


async def _listen_for_data(gateway: Gateway, listener: Listener) -> Server:
    limits, timeouts = listener.limits, listener.timeouts
    return await listen(
        gateway,
        host=listener.host,
        port=listener.port,
        tls=server_tls(listener.tls.cert_file, listener.tls.key_file) if listener.tls else None,
        limits=ServerLimits(
            body_bytes=limits.body_bytes,
            header_bytes=limits.header_bytes,
            headers=limits.headers,
            connections=limits.connections,
            pipelined_requests=limits.pipelined_requests,
            header_s=timeouts.header_s,
            body_s=timeouts.body_s,
            keep_alive_s=timeouts.keep_alive_s,
        ),
    )


def _health(snapshot: Snapshot) -> bytes:
    return msgspec.json.encode(
        {"status": "ok", "version": __version__, "configuration": snapshot.source, "models": len(snapshot.models)}
    )


def _gauges(
    gateway: Gateway, clients: Iterable[BackendClient], servers: list[Server], access_log: AccessLog | None
) -> list[Family]:
    def upstream_connections() -> Iterable[Sample]:
        for client in clients:
            yield (client.backend.name, "idle"), client.pool.idle
            yield (client.backend.name, "busy"), client.pool.busy

    def dropped() -> Iterable[Sample]:
        yield (), access_log.dropped_lines if access_log else 0

    return [
        GaugeFamily("penstock_exchanges_in_flight", "Requests being answered.", (), lambda: [((), gateway.in_flight)]),
        GaugeFamily(
            "penstock_client_connections", "Open connections of callers.", (), lambda: [((), servers[0].connections)]
        ),
        GaugeFamily(
            "penstock_upstream_connections", "Connections to backends.", ("backend", "state"), upstream_connections
        ),
        GaugeFamily("penstock_access_log_dropped_lines_total", "Lines the access log lost.", (), dropped),
        GaugeFamily("penstock_tasks", "Tasks of the event loop.", (), lambda: [((), len(asyncio.all_tasks()))]),
        GaugeFamily("process_resident_memory_bytes", "Resident memory.", (), lambda: [((), process.resident_bytes())]),
        GaugeFamily("process_cpu_seconds_total", "User and system time.", (), lambda: [((), process.cpu_seconds())]),
        GaugeFamily("process_open_fds", "Open files.", (), lambda: [((), process.open_files())]),
    ]


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host

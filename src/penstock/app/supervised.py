"""``penstock serve --workers N``: the supervisor's process, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence

from penstock import __version__
from penstock.admin.health import AdminPages
from penstock.app.data_plane import url_host
from penstock.app.event_loop import end_now, nothing_to_reload_yet, on_end_signals, on_reload_signal, run_until, settle
from penstock.app.machine import Machine
from penstock.app.notifier import from_environment
from penstock.app.reloading import Candidate, Reloading
from penstock.app.serving import admin_url, describe
from penstock.app.sockets import bind_for_workers, port_of
from penstock.app.supervisor import Supervisor
from penstock.config.source import Source
from penstock.transport.server import listen

log = logging.getLogger("penstock")


async def serve_supervised(
    source: Source, first: Candidate, explanation: Sequence[str], *, workers: int, grace_s: float, log_level: str
) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OperatorError: an address is taken, or a worker cannot serve.
    """
    stop = asyncio.Event()
    on_end_signals(stop.set)
    on_reload_signal(nothing_to_reload_yet)
    notifier = from_environment()
    snapshot = first.loaded.snapshot
    host = snapshot.listener.host
    sockets = await bind_for_workers(host, snapshot.listener.port, workers)
    scheme, port = "https" if snapshot.listener.tls else "http", port_of(sockets)
    supervisor = Supervisor(source=source, current=first, sockets=sockets, grace_s=grace_s, log_level=log_level)
    report = describe(snapshot, version=first.version, loaded_at=time.time())
    admin = await listen(AdminPages(Machine(supervisor, report)), host=snapshot.admin_host, port=snapshot.admin_port)
    await supervisor.start()
    reloading = Reloading(source, os.environ, first, report=report, apply=supervisor.apply, notifier=notifier)
    on_reload_signal(reloading.ask)
    settle()
    for line in explanation:
        log.info("%s", line)
    url = f"{scheme}://{url_host(host)}:{port}"
    log.info("penstock %s serves on %s (admin: %s) with %d workers", __version__, url, admin_url(admin), workers)
    notifier.ready(f"serves on {url} with {workers} workers")
    await run_until(stop, reloading.run(), supervisor.keep())
    notifier.stopping()
    log.info("draining %d workers", workers)
    on_end_signals(lambda: _end_now(supervisor))
    await supervisor.drain()
    await admin.drain(0)


def _end_now(supervisor: Supervisor) -> None:
    supervisor.kill()
    end_now()

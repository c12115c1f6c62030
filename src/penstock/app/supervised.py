"""``penstock serve --workers N``: the supervisor's process, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence

from penstock import __version__
from penstock.admin.health import AdminPages
from penstock.app.event_loop import end_now, nothing_to_reload_yet, on_end_signals, on_reload_signal, run_until, settle
from penstock.app.listening import url_of
from penstock.app.machine import Machine
from penstock.app.notifier import from_environment
from penstock.app.reloading import Candidate, Reloading
from penstock.app.serving import describe, listen_for_operators
from penstock.app.sockets import TRIES, Addresses
from penstock.app.supervisor import Supervisor
from penstock.config.source import Source
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Snapshot

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
    addresses = Addresses(workers, TRIES)
    addresses.adopt(await addresses.open(snapshot.listeners), snapshot.listeners)
    supervisor = Supervisor(
        source=source, current=first, workers=workers, addresses=addresses, grace_s=grace_s, log_level=log_level
    )
    report = describe(snapshot, version=first.version, loaded_at=time.time())
    report.listeners = _urls(snapshot, addresses)
    try:
        admin = await listen_for_operators(AdminPages(Machine(supervisor, report)), snapshot)
    except OperatorError:
        addresses.give_up()
        raise
    try:
        await supervisor.start()
    except OperatorError:
        await admin.close()
        raise

    async def apply(candidate: Candidate) -> tuple[str, ...]:
        needs_restart = await supervisor.apply(candidate)
        report.listeners = _urls(candidate.loaded.snapshot, addresses)
        return needs_restart

    reloading = Reloading(source, os.environ, first, report=report, apply=apply, notifier=notifier)
    on_reload_signal(reloading.ask)
    settle()
    for line in explanation:
        log.info("%s", line)
    urls = ", ".join(report.listeners)
    log.info("penstock %s serves on %s (admin: %s) with %d workers", __version__, urls, admin.url, workers)
    notifier.ready(f"serves on {urls} with {workers} workers")
    await run_until(stop, reloading.run(), supervisor.keep())
    notifier.stopping()
    log.info("draining %d workers", workers)
    on_end_signals(lambda: _end_now(supervisor))
    await supervisor.drain()
    await admin.close()


def _urls(snapshot: Snapshot, addresses: Addresses) -> tuple[str, ...]:
    """Return where callers connect."""
    return tuple(url_of(listener, addresses.bound[listener.address]) for listener in snapshot.listeners)


def _end_now(supervisor: Supervisor) -> None:
    supervisor.kill()
    end_now()

"""``penstock serve`` with one worker: gateway, admin listener and reload in this process."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence

from penstock import __version__
from penstock.app.event_loop import end_now, nothing_to_reload_yet, on_end_signals, on_reload_signal, run_until, settle
from penstock.app.notifier import from_environment
from penstock.app.reloading import Candidate, Reloading
from penstock.app.serving import describe, serving
from penstock.config.source import Source

log = logging.getLogger("penstock")


async def serve_alone(source: Source, first: Candidate, explanation: Sequence[str], grace_s: float) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OperatorError: an address is taken, or a file that the configuration names cannot be used.
    """
    stop = asyncio.Event()
    on_end_signals(stop.set)
    on_reload_signal(nothing_to_reload_yet)
    notifier = from_environment()
    snapshot = first.loaded.snapshot
    report = describe(snapshot, version=first.version, loaded_at=time.time())
    async with serving(snapshot, grace_s=grace_s, report=report) as running:

        async def apply(candidate: Candidate) -> tuple[str, ...]:
            needs_restart = await running.plane.reload(candidate.loaded.snapshot)
            report.listeners = running.plane.urls
            return needs_restart

        reloading = Reloading(source, os.environ, first, report=report, apply=apply, notifier=notifier)
        on_reload_signal(reloading.ask)
        settle()
        for line in explanation:
            log.info("%s", line)
        urls = ", ".join(running.plane.urls)
        log.info("penstock %s serves on %s (admin: %s)", __version__, urls, running.admin_url)
        notifier.ready(f"serves on {urls}")
        await run_until(stop, reloading.run())
        notifier.stopping()
        log.info("draining %d connections", running.plane.listening.connections)
        on_end_signals(end_now)

"""When the configuration is read again, and what becomes of it.

On SIGHUP (``ask``), and when a file of it has changed: every configuration file, secret file and certificate that the
last reading looked at is looked at again each second, in a thread. A change counts once it has stood for one look, so
that a file that is being written is not read in the middle. One reload at a time; those asked for meanwhile become one.

A configuration that cannot be used changes nothing: why is logged and reported. How a good one is put in place (in this
process, or in every worker) is ``apply``'s business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from penstock.admin.reports import ConfigurationReport, ReloadRefused, write_time
from penstock.app.event_loop import attempt, compute_beside
from penstock.app.notifier import Notifier
from penstock.config.files import Files, Stamp, stamp
from penstock.config.loaded import Loaded, summarise
from penstock.config.source import Source, load
from penstock.core.errors import OperatorError

LOOK_INTERVAL_S = 1.0

log = logging.getLogger("penstock")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration that was read and found in order."""

    loaded: Loaded
    files: Files

    @property
    def version(self) -> str:
        """Names its contents."""
        return self.files.version()


Apply = Callable[[Candidate], Coroutine[object, object, tuple[str, ...]]]
"""Puts a candidate in place and returns the settings that need a restart.

Raises:
    OperatorError: it cannot be put in place.
"""


class Reloading:
    """Reads the configuration again, when asked and when it changes."""

    def __init__(
        self,
        source: Source,
        environ: Mapping[str, str],
        first: Candidate,
        *,
        report: ConfigurationReport,
        apply: Apply,
        notifier: Notifier,
    ) -> None:
        """Begin with what is in use; ``report`` is kept up to date."""
        self._source = source
        self._environ = environ
        self._files = first.files
        """As of the last reading, whether it was good or not."""
        self._report = report
        self._apply = apply
        self._notifier = notifier
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have the configuration read again."""
        self._asked.set()

    async def run(self) -> None:
        """Reload whenever it is asked for or called for, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_again_and_again())
            while True:
                await self._asked.wait()
                self._asked.clear()
                await self.reload()

    async def reload(self) -> bool:
        """Read the configuration now and put it in place; say whether that was done."""
        self._notifier.reloading()
        files = Files()
        try:
            loaded = await attempt(compute_beside(lambda: load(self._source, self._environ, files)))
            needs_restart = await attempt(self._apply(Candidate(loaded, files)))
        except OperatorError as error:
            self._refuse(error)
            return False
        else:
            self._accept(loaded, files.version(), needs_restart)
            return True
        finally:
            self._files = files
            self._notifier.ready()

    def _refuse(self, error: OperatorError) -> None:
        report = self._report
        report.refused += 1
        report.last_error = ReloadRefused(at=write_time(time.time()), message=str(error))
        log.error("configuration not reloaded, version %s stays: %s", report.version, error)

    def _accept(self, loaded: Loaded, version: str, needs_restart: tuple[str, ...]) -> None:
        report, snapshot = self._report, loaded.snapshot
        report.version, report.source, report.loaded_at = version, snapshot.source, write_time(time.time())
        report.backends, report.client_keys = len(snapshot.backends), len(snapshot.client_keys)
        report.models = len(snapshot.models) + len(snapshot.patterns)
        report.needs_restart, report.last_error = needs_restart, None
        report.reloads += 1
        log.info("configuration reloaded, version %s (%s)", version, summarise(snapshot))
        for warning in loaded.warnings:
            log.warning("%s", warning)
        if needs_restart:
            log.warning("not in place until a restart: %s", ", ".join(needs_restart))

    async def _look_again_and_again(self) -> None:
        before: dict[str, Stamp] | None = None
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            known = self._files.stamps
            now = await asyncio.to_thread(lambda paths: {path: stamp(path) for path in paths}, list(known))
            if now != known and now == before and known is self._files.stamps:
                self.ask()
                before = None
            else:
                before = now

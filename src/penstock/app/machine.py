"""What the admin pages show of all workers together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from penstock.admin.reports import ConfigurationReport, Health, Readiness, WorkerState, judge
from penstock.app.introspection import read_process
from penstock.app.serving import health_of, read_configuration
from penstock.app.supervisor import Supervisor
from penstock.telemetry.readings import Labels, Reading, add_up

WORKER_STATES: tuple[WorkerState, ...] = get_args(WorkerState)


@dataclass(frozen=True, slots=True)
class Machine:
    """Counters are sums over workers, dead ones included, and so are gauges, over the living and the supervisor."""

    supervisor: Supervisor
    report: ConfigurationReport

    def health(self) -> Health:
        """Say that the supervisor lives."""
        return health_of(self.report)

    async def readiness(self) -> Readiness:
        """Say whether callers should be sent here: at least one worker serves, and every model has a target."""
        await self.supervisor.refresh()
        slots = self.supervisor.slots
        missing = dict.fromkeys(name for slot in slots for name in slot.last.models_without_target)
        return judge(
            self.report,
            draining=self.supervisor.draining,
            models_without_target=tuple(missing),
            workers=[slot.report() for slot in slots],
        )

    def configuration(self) -> ConfigurationReport:
        """Say what is configured."""
        return self.report

    async def readings(self) -> Sequence[Reading]:
        """Return every metric of the machine."""
        await self.supervisor.refresh()
        slots = self.supervisor.slots
        processes = [self.supervisor.of_the_dead, *(slot.last.readings for slot in slots), read_process()]
        return [*add_up(processes), *read_configuration(self.report), *self._read_workers()]

    def _read_workers(self) -> list[Reading]:
        slots = self.supervisor.slots
        counts = Counter(slot.state for slot in slots)
        states: list[tuple[Labels, float]] = [((state,), counts[state]) for state in WORKER_STATES]
        restarts: list[tuple[Labels, float]] = [((), sum(slot.restarts for slot in slots))]
        return [
            Reading(
                name="penstock_workers",
                text="Workers by what they do.",
                kind="gauge",
                labels=("state",),
                numbers=states,
            ),
            Reading(
                name="penstock_worker_restarts_total",
                text="Workers that were started again after they had ended.",
                kind="counter",
                labels=(),
                numbers=restarts,
            ),
        ]

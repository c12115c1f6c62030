"""Keeps N workers going, and one configuration in all of them; serves nobody itself.

Theory of operation. The supervisor binds a set of listening sockets for each worker and keeps them open; a worker is a
fresh process that inherits them. When one dies or leaves, another is told to accept from its sockets too, until its
replacement serves: callers notice nothing but the loss of what the dead worker had accepted.

A new configuration goes in two steps. Every worker builds it; when one cannot, all forget it and nothing has changed.
Then all are told to serve by it. The supervisor has read it before, and hands on the texts of its files, so that nobody
reads other ones. A worker that starts meanwhile is brought up to date before it counts as serving.

When the supervisor dies, even by SIGKILL, workers see their end of the socket pair close, finish what is in progress,
and end. What the admin listener says of all this is in ``machine.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field

from penstock.app.channel import Answer, Borrow, ChannelClosed, Commit, Configure, Drain, Forget, GiveBack
from penstock.app.data_plane import needing_restart
from penstock.app.reloading import Candidate
from penstock.app.slot import Slot
from penstock.app.sockets import Addresses, Bound
from penstock.config.source import Source
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Snapshot
from penstock.telemetry.readings import Reading, add_up, that_stay

REPORT_INTERVAL_S = 2.0
OVERTIME_S = 5.0
"""How long after the grace time a worker may take to end before it is killed."""

log = logging.getLogger("penstock")


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """The workers, and what they serve by."""

    source: Source
    current: Candidate
    workers: int
    addresses: Addresses
    """What is listened on; the first of it is open when this begins."""
    grace_s: float
    log_level: str
    slots: list[Slot] = field(init=False)
    draining: bool = False
    of_the_dead: list[Reading] = field(default_factory=list)
    """What workers that have ended had counted."""
    _bound: Mapping[str, Bound] = field(init=False)
    """What ``current`` listens on."""
    _started: Snapshot = field(init=False)
    _lent: dict[int, int] = field(default_factory=dict)
    """Whose sockets are served by whom meanwhile."""
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Have a slot for each worker."""
        self.slots = [Slot(worker) for worker in range(self.workers)]
        self._bound = self.addresses.bound
        self._started = self.current.loaded.snapshot

    # --- workers

    async def start(self) -> None:
        """Start all workers.

        Raises:
            OperatorError: one cannot serve.
        """
        problems = [each for each in await asyncio.gather(*map(self._fill, self.slots)) if each]
        if problems:
            await self.end_now()
            raise OperatorError(problems[0])

    async def keep(self) -> None:
        """Replace workers that end, and have all of them report, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for slot in self.slots:
                tasks.create_task(self._keep(slot))
            while True:
                await asyncio.sleep(REPORT_INTERVAL_S)
                await self.refresh()

    async def refresh(self) -> None:
        """Have all workers report now."""
        await asyncio.gather(*(slot.refresh() for slot in self.slots))

    async def _keep(self, slot: Slot) -> None:
        while True:
            await slot.left.wait()
            self._lent = {missing: helper for missing, helper in self._lent.items() if helper != slot.worker}
            await self._lend()
            log.warning("%s", await slot.until_ended())
            self._bury(slot)
            await slot.rest()
            problem = await self._fill(slot)
            if problem:
                log.error("worker %d cannot serve: %s", slot.worker, problem)
                slot.kill("it cannot serve")
                slot.left.set()

    async def _fill(self, slot: Slot) -> str | None:
        """Start a worker and have it serve by the configuration in use; return why it cannot."""
        try:
            await slot.spawn(grace_s=self.grace_s, log_level=self.log_level)
            problem = await self._bring_up_to_date(slot)
            if problem is None:
                await self._take_back(slot.worker)
                await slot.refresh()
        except ChannelClosed as closed:
            return str(closed)
        except OSError as error:  # no more processes, or files
            return error.strerror
        return problem

    async def _bring_up_to_date(self, slot: Slot) -> str | None:
        serves = False
        while True:
            candidate = self.current
            answer = await self._configure(slot, candidate, self._bound)
            if answer.problem is None and serves:
                answer = await slot.ask(Commit())
            if answer.problem is not None:
                return answer.problem
            serves = True
            async with self._changing:
                if candidate is self.current:
                    slot.state = "serving"
                    return None

    async def _configure(self, slot: Slot, candidate: Candidate, bound: Mapping[str, Bound]) -> Answer:
        """Have a worker build a configuration, to listen on what is bound for it.

        Raises:
            ChannelClosed: there is no answer.
        """
        try:
            slot.hand_over(bound.values())
        except OperatorError as error:
            return Answer(number=0, problem=str(error))
        source = self.source
        question = Configure(
            files=source.files,
            overrides=source.overrides,
            contents=candidate.files.contents,
            sockets={address: each.number for address, each in bound.items()},
        )
        return await slot.ask(question)

    def _bury(self, slot: Slot) -> None:
        """Keep what a dead worker has counted."""
        self.of_the_dead = add_up([self.of_the_dead, that_stay(slot.last.readings)])
        slot.last = Answer(number=0)

    async def _lend(self) -> None:
        """Have workers accept from the sockets of those who do not."""
        for missing in [slot.worker for slot in self.slots if slot.state != "serving"]:
            serving = [slot for slot in self.slots if slot.state == "serving"]
            if missing in self._lent or not serving:
                continue
            helper = serving[missing % len(serving)]
            self._lent[missing] = helper.worker
            try:
                await helper.ask(Borrow(missing))
            except ChannelClosed:
                self._lent.pop(missing, None)  # it has died too; its own end will see to this

    async def _take_back(self, worker: int) -> None:
        helper = self._lent.pop(worker, None)
        if helper is not None:
            try:
                await self.slots[helper].ask(GiveBack(worker))
            except ChannelClosed:
                log.debug("worker %d has ended, and with it what it had borrowed", helper)

    # --- reload

    async def apply(self, candidate: Candidate) -> tuple[str, ...]:
        """Put a configuration in place in every worker, or in none; return the settings that need a restart.

        Raises:
            OperatorError: a worker cannot.
        """
        snapshot = candidate.loaded.snapshot
        async with self._changing:
            bound = await self.addresses.open(snapshot.listeners)
            serving = [slot for slot in self.slots if slot.state == "serving"]
            problems = await _answers(serving, lambda slot: self._configure(slot, candidate, bound))
            if problems:
                await self._ask_all(serving, Forget())
                self.addresses.discard(bound)
                raise OperatorError(problems[0])
            self.current, self._bound = candidate, bound
            await self._ask_all(serving, Commit())
            self.addresses.adopt(bound, snapshot.listeners)
        return needing_restart(self._started, snapshot)

    async def _ask_all(self, slots: Sequence[Slot], question: Commit | Forget) -> None:
        """End a change in several workers; each then has the sockets of the configuration in use, and no others."""
        await _answers(slots, lambda slot: slot.ask(question))
        numbers = [each.number for each in self._bound.values()]
        for slot in slots:
            slot.keep_sockets(numbers)

    # --- end

    async def drain(self) -> None:
        """Let all workers finish what is in progress; kill those that take too long."""
        self.draining = True
        self.addresses.give_up()
        living = [slot for slot in self.slots if slot.state in {"serving", "draining"}]
        for slot in self.slots:
            if slot not in living:
                slot.kill()  # it serves nobody yet
        for slot in living:
            slot.state = "draining"
        await _answers(living, lambda slot: slot.ask(Drain(self.grace_s), self.grace_s + OVERTIME_S))
        await self.end_now(wait_s=OVERTIME_S)

    async def end_now(self, wait_s: float = 0.0) -> None:
        """End all workers; those that have not ended within ``wait_s`` are killed."""
        self.draining = True
        self.addresses.give_up()
        ends = [asyncio.ensure_future(slot.until_ended()) for slot in self.slots]
        await asyncio.wait(ends, timeout=wait_s)
        self.kill()
        await asyncio.wait(ends)

    def kill(self) -> None:
        """Kill all workers that have not ended."""
        for slot in self.slots:
            slot.kill()


async def _answers(slots: Sequence[Slot], ask: Callable[[Slot], Coroutine[object, object, Answer]]) -> list[str]:
    """Ask several workers at once; return what problems they have. One that has died has none."""
    answers = await asyncio.gather(*(_answer(slot, ask) for slot in slots))
    return [answer.problem for answer in answers if answer.problem]


async def _answer(slot: Slot, ask: Callable[[Slot], Coroutine[object, object, Answer]]) -> Answer:
    try:
        return await ask(slot)
    except ChannelClosed as closed:
        log.info("worker %d: %s", slot.worker, closed)  # what its end means is said by who watches over it
        return Answer(number=0)

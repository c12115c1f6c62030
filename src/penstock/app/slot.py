"""One place for a worker: the process that fills it now, what it said last, and how long to wait after its death.

The wait doubles with each quick death (0.1 s to 10 s) and begins anew once a worker has served for half a minute. A
worker that is silent for half a minute is ended, since its event loop hangs. Which configuration it serves by is the
supervisor's business, as is who accepts in its place meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Collection, Iterable

import msgspec

from penstock.admin.reports import WorkerReport, WorkerState, write_time
from penstock.app.channel import Answer, ChannelClosed, Question, Report, WorkerChannel, open_stream
from penstock.app.handing import hand_over
from penstock.app.notifier import VARIABLES
from penstock.app.sockets import Bound
from penstock.app.worker import Setup
from penstock.core.errors import OperatorError

FIRST_WAIT_S, LONGEST_WAIT_S, LIVED_S = 0.1, 10.0, 30.0
REPORT_WAIT_S = 2.0
MISSED_REPORTS = 8
"""So many in a row, some seconds apart, are half a minute of silence."""

log = logging.getLogger("penstock")


class Slot:
    """A worker by its number, whichever process that is."""

    def __init__(self, worker: int) -> None:
        """Begin without a process."""
        self.worker = worker
        self.last = Answer(number=0)
        """Its newest report; of use when it dies before the next."""
        self.left = asyncio.Event()
        """It accepts nothing more: it leaves, or has ended."""
        self.restarts = 0
        self._process: Process | None = None
        self._channel: WorkerChannel | None = None
        self._handing: socket.socket | None = None
        self._handed: set[int] = set()
        """The numbers of the sockets that the process has."""
        self._ended: asyncio.Task[str] | None = None
        self._state: WorkerState = "starting"
        self._since = time.time()
        self._served_from: float | None = None
        self._missed = 0
        self._last_end: str | None = None
        self._killed_since: str | None = None
        self._wait_s = FIRST_WAIT_S

    @property
    def state(self) -> WorkerState:
        """What it does now."""
        return self._state

    @state.setter
    def state(self, state: WorkerState) -> None:
        self._state, self._since = state, time.time()
        if state == "serving":
            self._served_from = self._since

    def report(self) -> WorkerReport:
        """Return what is known of it."""
        return WorkerReport(
            worker=self.worker,
            pid=self._process.pid if self._process else None,
            state=self.state,
            since=write_time(self._since),
            restarts=self.restarts,
            last_end=self._last_end,
        )

    async def spawn(self, *, grace_s: float, log_level: str) -> None:
        """Start a process that waits to be told its configuration."""
        self.state = "starting"
        self._served_from, self._missed, self._killed_since = None, 0, None
        self.left.clear()
        self._ended = None
        self._close_handing()
        (ours, theirs), (handing, taking) = socket.socketpair(), socket.socketpair()
        handing.setblocking(False)
        self._handing = handing
        setup = Setup(
            worker=self.worker,
            channel=theirs.fileno(),
            handing=taking.fileno(),
            grace_s=grace_s,
            log_level=log_level,
        )
        with theirs, taking:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "penstock.app.worker",
                msgspec.json.encode(setup).decode(),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), taking.fileno()),
                env={name: value for name, value in os.environ.items() if name not in VARIABLES},
            )
        self._channel = WorkerChannel(*await open_stream(ours), self._hear)
        self._ended = asyncio.create_task(self._watch(self._process, self._channel))

    def hand_over(self, bound: Iterable[Bound]) -> None:
        """Give the process the sockets that it has not got yet.

        Raises:
            ChannelClosed: it has ended.
            OperatorError: it lives, and the system does not let it have them.
        """
        for each in bound:
            if self._handing is None or each.number in self._handed:
                continue
            try:
                hand_over(self._handing, each)
            except ConnectionError as error:
                msg = "it has ended"
                raise ChannelClosed(msg) from error
            except OSError as error:
                msg = f"a worker cannot be given the sockets of {each.address}: {error.strerror}"
                raise OperatorError(msg) from error
            self._handed.add(each.number)

    def keep_sockets(self, numbers: Collection[int]) -> None:
        """Note that the process has closed all sockets but these."""
        self._handed.intersection_update(numbers)

    def _close_handing(self) -> None:
        self._handed.clear()
        if self._handing is not None:
            self._handing.close()
            self._handing = None

    def _hear(self, said: Answer) -> None:
        """Take what the worker says unasked: that it leaves, and its last report."""
        self.last = said if said.readings else self.last
        if self.state == "serving":
            self.state = "draining"
        self.left.set()

    async def _watch(self, process: Process, channel: WorkerChannel) -> str:
        status = await process.wait()
        channel.close()
        self._close_handing()
        self._last_end = f"was ended, since {self._killed_since}" if self._killed_since else _describe(status)
        self.state = "waiting"
        self.left.set()
        return f"worker {self.worker} (pid {process.pid}) {self._last_end}"

    async def ask(self, question: Question, wait_s: float | None = None) -> Answer:
        """Return the worker's answer.

        Raises:
            ChannelClosed: there is none.
        """
        if self._channel is None:
            msg = "it was not started"
            raise ChannelClosed(msg)
        return await (self._channel.ask(question, wait_s) if wait_s else self._channel.ask(question))

    async def refresh(self) -> None:
        """Have the worker report; end it when it has been silent for too long."""
        if self.state not in {"serving", "draining"}:
            return
        try:
            self.last = await self.ask(Report(), REPORT_WAIT_S)
            self._missed = 0
        except ChannelClosed:
            self._missed += 1
            if self._missed == MISSED_REPORTS:
                log.error("worker %d does not answer any more: it is ended", self.worker)  # noqa: TRY400 - no defect here
                self.kill("it did not answer any more")

    async def until_ended(self) -> str:
        """Wait for the process's end and say how it came."""
        return await self._ended if self._ended else "was not started"

    async def rest(self) -> None:
        """Wait before the next process is started."""
        if self._served_from is not None and time.time() - self._served_from >= LIVED_S:
            self._wait_s = FIRST_WAIT_S
        wait_s, self._wait_s = self._wait_s, min(self._wait_s * 2, LONGEST_WAIT_S)
        self.restarts += 1
        log.warning("worker %d is started again in %.1f s (time number %d)", self.worker, wait_s, self.restarts)
        await asyncio.sleep(wait_s)

    def kill(self, since: str | None = None) -> None:
        """End the process at once; ``since`` is why, so that its end does not look like somebody else's doing."""
        if self._process is not None and self._process.returncode is None:
            self._killed_since = since
            self._process.kill()


def _describe(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"

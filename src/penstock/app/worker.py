"""One worker: a process of its own that serves, as its supervisor says. ``python -m penstock.app.worker SETUP``.

It is given the ends of two socket pairs. Over one come the sockets to listen on, its own and its siblings'; over the
other the configuration, as the texts of its files, so that all workers build the same one, also when a file has changed
since. When the supervisor
is gone, however it ended, the pair reads as ended: the worker gives up every socket at once, lets answers in progress
finish, and ends. SIGTERM to a worker alone does the same; the supervisor then replaces it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

import msgspec

from penstock.app.channel import (
    Answer,
    Asked,
    Borrow,
    Commit,
    Configure,
    Drain,
    Forget,
    GiveBack,
    Question,
    Report,
    open_stream,
    read_frame,
    write_frame,
)
from penstock.app.data_plane import Change, DataPlane, start
from penstock.app.event_loop import attempt, compute_beside, log_to_standard_error, new_event_loop, settle
from penstock.app.handing import Handed, take_over
from penstock.app.introspection import models_without_target, read_plane
from penstock.app.sockets import Bound
from penstock.config.files import Files
from penstock.config.source import Source, load
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Snapshot

log = logging.getLogger("penstock")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is started with; numbers of open files."""

    worker: int
    channel: int
    handing: int
    """Where sockets come from."""
    grace_s: float
    log_level: str


class Worker:
    """Does what it is asked."""

    def __init__(self, setup: Setup, handing: socket.socket, writer: asyncio.StreamWriter) -> None:
        """Serve on sockets that come over ``handing``, which must not block."""
        self._setup = setup
        self._handing = handing
        self._handed: Handed = {}
        self._bound: dict[str, Bound] = {}
        """What is listened on now."""
        self._writer = writer
        self._plane: DataPlane | None = None
        self._change: Change | None = None
        self.leaving = asyncio.Event()
        self._grace_s = setup.grace_s
        self._last_number = 0
        """Which question to answer when everything is over."""

    async def answer(self, asked: Asked) -> None:
        """Answer one question; what it asks for and cannot be done is the answer's ``problem``."""
        try:
            answer = await attempt(self._do(asked.number, asked.question))
        except OperatorError as error:
            answer = Answer(number=asked.number, problem=str(error))
        if answer is not None:
            write_frame(self._writer, answer)

    async def _do(self, number: int, question: Question) -> Answer | None:
        match question:
            case Configure():
                await self._configure(question)
            case Commit() if self._plane and self._change:
                change, self._change = self._change, None
                await self._plane.commit(change)
                self._bound = dict(change.bound)
                self._close_unused()
            case Forget() if self._plane:
                if self._change:
                    self._plane.forget(self._change)
                    self._change = None
                self._close_unused()
            case Borrow() if self._plane:
                await self._plane.listening.borrow(question.worker)
            case GiveBack() if self._plane:
                self._plane.listening.give_back(question.worker)
            case Report():
                return self._report(number)
            case Drain():
                self._last_number, self._grace_s = number, question.grace_s
                self.leaving.set()
                return None
            case _:
                return Answer(number=number, problem="not now")
        return Answer(number=number)

    async def _configure(self, question: Configure) -> None:
        snapshot = await compute_beside(lambda: _compile(question))
        take_over(self._handing, self._handed)
        bound = {address: Bound(number, address, self._handed[number]) for address, number in question.sockets.items()}
        if self._plane is None:
            self._plane = await start(snapshot, bound, self._setup.worker)
            self._bound = bound
            settle()
        else:
            self._change = await self._plane.prepare(snapshot, bound)

    def _close_unused(self) -> None:
        """Close the sockets that are not listened on."""
        used = {bound.number for bound in self._bound.values()}
        for number in [number for number in self._handed if number not in used]:
            Bound(number, "", self._handed.pop(number)).close()

    def _report(self, number: int) -> Answer:
        if self._plane is None:
            return Answer(number=number)
        missing = models_without_target(self._plane)
        return Answer(number=number, readings=read_plane(self._plane), models_without_target=missing)

    async def leave(self) -> None:
        """Accept nothing more, finish what is in progress, and say farewell."""
        if not self._last_number:
            write_frame(self._writer, Answer(number=0))
        if self._plane is not None:
            draining = asyncio.create_task(self._plane.drain(self._grace_s))
            await asyncio.sleep(0)
            self._bound = {}
            self._close_unused()
            await draining
        write_frame(self._writer, self._report(self._last_number))
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            log.info("the supervisor is gone")


def _compile(question: Configure) -> Snapshot:
    source = Source(files=question.files, overrides=question.overrides)
    return load(source, os.environ, Files(question.contents)).snapshot


async def work(setup: Setup) -> None:
    """Serve until told to leave, or until the supervisor is gone."""
    handing = socket.socket(fileno=setup.handing)
    handing.setblocking(False)
    reader, writer = await open_stream(socket.socket(fileno=setup.channel))
    worker = Worker(setup, handing, writer)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, worker.leaving.set)
    listening = asyncio.create_task(_listen(reader, worker))
    await worker.leaving.wait()
    await worker.leave()
    listening.cancel()
    await asyncio.wait({listening})
    if not listening.cancelled():
        listening.result()  # a defect is told, and ends the worker with an error


async def _listen(reader: asyncio.StreamReader, worker: Worker) -> None:
    try:
        async with asyncio.TaskGroup() as answering:
            while (asked := await read_frame(reader, Asked)) is not None:
                answering.create_task(worker.answer(asked))
    finally:
        worker.leaving.set()


def main() -> None:
    """Run one worker to its end."""
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to all; they are the supervisor's business
        signal.signal(number, signal.SIG_IGN)
    setup = msgspec.json.decode(sys.argv[1], type=Setup)
    log_to_standard_error(setup.log_level, worker=setup.worker)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work(setup))


if __name__ == "__main__":
    main()

"""One worker: a process of its own that serves, as its supervisor says. ``python -m penstock.app.worker SETUP``.

It is given its sockets, those of its siblings, and one end of a socket pair. The configuration comes over the pair as
the texts of its files, so that all workers build the same one, also when a file has changed since. When the supervisor
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
from penstock.app.data_plane import DataPlane, start
from penstock.app.event_loop import attempt, compute_beside, log_to_standard_error, new_event_loop, settle
from penstock.app.introspection import models_without_target, read_plane
from penstock.app.preparing import Prepared
from penstock.app.sockets import Sockets, close_all
from penstock.config.files import Files
from penstock.config.source import Source, load
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Snapshot

log = logging.getLogger("penstock")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is started with; numbers of open files."""

    worker: int
    channel: int
    sockets: list[list[int]]
    """By worker."""
    grace_s: float
    log_level: str


class Worker:
    """Does what it is asked."""

    def __init__(self, setup: Setup, sockets: list[Sockets], writer: asyncio.StreamWriter) -> None:
        """Serve on its own of ``sockets``, which are those of all workers."""
        self._setup = setup
        self._sockets = sockets
        self._writer = writer
        self._plane: DataPlane | None = None
        self._prepared: Prepared | None = None
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
            case Commit() if self._plane and self._prepared:
                self._plane.commit(self._prepared)
                self._prepared = None
            case Forget() if self._plane and self._prepared:
                self._plane.forget(self._prepared)
                self._prepared = None
            case Borrow() if self._plane:
                await self._plane.data.borrow(question.worker, self._sockets[question.worker])
            case GiveBack() if self._plane:
                self._plane.data.give_back(question.worker)
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
        if self._plane is None:
            self._plane = await start(snapshot, self._sockets[self._setup.worker])
            settle()
        else:
            self._prepared = await self._plane.prepare(snapshot)

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
            close_all(self._sockets)
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
    sockets = [[socket.socket(fileno=number) for number in each] for each in setup.sockets]
    reader, writer = await open_stream(socket.socket(fileno=setup.channel))
    worker = Worker(setup, sockets, writer)
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

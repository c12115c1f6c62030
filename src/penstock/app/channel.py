"""What supervisor and worker say to each other, over a socket pair: JSON with its length in front.

The supervisor asks, and the worker answers each question by its number, in any order. A worker speaks unasked only when
it leaves by itself. Nothing else holds an end of the pair: when one process is gone, the other reads the end of it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import TypeVar

import msgspec

from penstock.config.loaded import Overrides
from penstock.telemetry.readings import Reading

_LENGTH = struct.Struct("!I")
_ENDED = "it has ended"
ANSWER_WAIT_S = 60.0
"""A worker that does not answer for so long is taken for broken."""


class Configure(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Build this configuration, and serve by it at once (the first), or when ``Commit`` comes."""

    files: tuple[str, ...]
    overrides: Overrides
    contents: dict[str, bytes]
    """What the files held, by path."""
    sockets: dict[str, int]
    """What to listen on: the numbers of the sockets, by address. They have been handed over."""


class Commit(msgspec.Struct, tag=True, frozen=True):
    """Serve by what was built."""


class Forget(msgspec.Struct, tag=True, frozen=True):
    """Give up what was built."""


class Report(msgspec.Struct, tag=True, frozen=True):
    """Say how it goes."""


class Borrow(msgspec.Struct, tag=True, frozen=True):
    """Accept from another worker's sockets too, since that one is gone."""

    worker: int


class GiveBack(msgspec.Struct, tag=True, frozen=True):
    """Leave another worker's sockets to it again."""

    worker: int


class Drain(msgspec.Struct, tag=True, frozen=True):
    """Let answers in progress finish, then answer and end."""

    grace_s: float


Question = Configure | Commit | Forget | Report | Borrow | GiveBack | Drain


class Asked(msgspec.Struct, frozen=True):
    """A question with its number."""

    number: int
    question: Question


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says: to a question, or (number 0) that it leaves."""

    number: int
    problem: str | None = None
    """Why it cannot be done."""
    readings: list[Reading] = []
    models_without_target: tuple[str, ...] = ()


M = TypeVar("M")


class ChannelClosed(Exception):
    """The other side is gone, or does not answer."""


async def open_stream(end: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the streams of our end of the pair."""
    end.setblocking(False)
    return await asyncio.open_unix_connection(sock=end)


def write_frame(writer: asyncio.StreamWriter, message: msgspec.Struct) -> None:
    """Send a message; to nobody, when the other side is gone."""
    if writer.is_closing():
        return
    body = msgspec.json.encode(message)
    writer.write(_LENGTH.pack(len(body)) + body)


async def read_frame(reader: asyncio.StreamReader, kind: type[M]) -> M | None:
    """Return the next message, or None when the other side is gone."""
    try:
        (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return msgspec.json.decode(await reader.readexactly(size), type=kind)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class WorkerChannel:
    """The supervisor's end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unasked: Callable[[Answer], None]
    ) -> None:
        """Ask over these streams; ``unasked`` takes what the worker says by itself."""
        self._reader, self._writer = reader, writer
        self._unasked = unasked
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._number = 0
        self._closed = False
        self._listening = asyncio.create_task(self._listen())

    async def ask(self, question: Question, wait_s: float = ANSWER_WAIT_S) -> Answer:
        """Return the worker's answer.

        Raises:
            ChannelClosed: there is none.
        """
        if self._closed:
            raise ChannelClosed(_ENDED)
        self._number += 1
        number = self._number
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            write_frame(self._writer, Asked(number, question))
            async with asyncio.timeout(wait_s):
                return await future
        except TimeoutError:
            msg = f"no answer within {wait_s:g} s"
            raise ChannelClosed(msg) from None
        finally:
            self._waiting.pop(number, None)

    async def _listen(self) -> None:
        while (answer := await read_frame(self._reader, Answer)) is not None:
            future = self._waiting.get(answer.number)
            if future is None:
                self._unasked(answer)
            elif not future.done():
                future.set_result(answer)
        self.close()

    def close(self) -> None:
        """Hang up; whoever waits for an answer is told."""
        self._closed = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ChannelClosed(_ENDED))
        self._writer.close()
        self._listening.cancel()

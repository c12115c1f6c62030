"""Runs the coroutine that answers requests without a task of asyncio's.

A task costs two turns of the event loop for each request (one until it begins, one until it hears that it may go on),
and a name, a context and an entry in a register that nobody reads. Here a coroutine begins at once, and goes on in the
moment in which the answer that it waits for is whole. What it awaits may be a :class:`Latch` or any future; what wants
to know the current task (``asyncio.timeout``, ``asyncio.TaskGroup``) must be put into a task of its own. Cancelling
means what it means for a task. Exceptions are the coroutine's own business: one that it lets out reaches whoever made
it go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator


class Latch:
    """Something that happens, and that one coroutine of a :class:`RequestRun` may wait for."""

    __slots__ = ("is_set", "on_set")

    def __init__(self) -> None:
        """It has not happened."""
        self.is_set = False
        self.on_set: Callable[[], None] | None = None

    def set(self) -> None:
        """It has happened: the coroutine that waits goes on now, before this returns."""
        self.is_set = True
        on_set = self.on_set
        if on_set is not None:
            self.on_set = None
            on_set()

    def clear(self) -> None:
        """Let it happen once more."""
        self.is_set = False

    def __await__(self) -> Generator[Latch, None, None]:
        """Wait until it has happened."""
        if not self.is_set:
            yield self


class RequestRun:
    """One coroutine, from its start to its end."""

    __slots__ = ("_awaited", "_cancelled", "_coroutine", "_loop")

    def __init__(self, coroutine: Coroutine[object, None, None], loop: asyncio.AbstractEventLoop) -> None:
        """Take the coroutine; ``start`` begins it."""
        self._coroutine = coroutine
        self._loop = loop
        self._awaited: object = self
        """What it waits for; the run itself while it is not waiting, or has ended."""
        self._cancelled = False

    def start(self) -> None:
        """Run until it first has to wait."""
        self._go_on()

    def cancel(self) -> None:
        """Raise ``CancelledError`` in the coroutine where it waits, or where it waits next."""
        awaited = self._awaited
        if awaited is self:
            self._cancelled = True
        elif not (isinstance(awaited, asyncio.Future) and awaited.cancel()):  # else it hears of it from the future
            if isinstance(awaited, Latch):
                awaited.on_set = None
            self._go_on(asyncio.CancelledError())

    def _go_on(self, error: BaseException | None = None) -> None:
        self._awaited = self
        try:
            awaited = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        except (StopIteration, asyncio.CancelledError):
            return
        self._awaited = awaited
        if isinstance(awaited, Latch):
            awaited.on_set = self._go_on
        elif isinstance(awaited, asyncio.Future):
            awaited._asyncio_future_blocking = False  # noqa: SLF001 - as asyncio asks of who runs a coroutine
            awaited.add_done_callback(self._resume)
        else:
            self._loop.call_soon(self._resume, None)
        if self._cancelled:
            self._cancelled = False
            self.cancel()

    def _resume(self, awaited: object) -> None:
        """Go on after ``awaited``, unless the coroutine was cancelled meanwhile and has gone on already."""
        if self._awaited is awaited:
            self._go_on()

"""Deadlines of many connections, checked by one timer.

A timer per connection and state would cost more than the request it guards. So every guarded object carries a plain
``deadline`` attribute (loop time; ``inf`` for none), which its owner moves by assignment, and one sweep a few times a
second calls ``expire`` on those that are late. A deadline is therefore kept to within one sweep interval, never early.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

NEVER = float("inf")
SWEEP_INTERVAL_S = 0.1


class Guarded(Protocol):
    """Something with a deadline."""

    deadline: float

    def expire(self) -> None:
        """Act on the passed deadline; called again next sweep unless ``deadline`` moves."""


class Deadlines:
    """The objects under guard and the timer that sweeps over them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Guard nothing yet; the timer runs only while something is guarded."""
        self._loop = loop
        self._guarded: dict[Guarded, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def guard(self, item: Guarded) -> None:
        """Begin to watch ``item``."""
        self._guarded[item] = None
        if self._timer is None:
            self._timer = self._loop.call_later(SWEEP_INTERVAL_S, self._sweep)

    def release(self, item: Guarded) -> None:
        """Stop watching ``item``; unknown items are ignored."""
        self._guarded.pop(item, None)

    def __len__(self) -> int:
        return len(self._guarded)

    def _sweep(self) -> None:
        now = self._loop.time()
        for item in [item for item in self._guarded if item.deadline <= now]:
            self._loop.call_soon(self._expire, item)  # each by itself: a defect in one does not keep the others alive
        self._timer = self._loop.call_later(SWEEP_INTERVAL_S, self._sweep) if self._guarded else None

    def _expire(self, item: Guarded) -> None:
        if item in self._guarded and item.deadline <= self._loop.time():  # others may have acted on it meanwhile
            item.expire()

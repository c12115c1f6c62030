"""Writes of one turn of the event loop, sent together at its end.

One read from an upstream often leads to one small write to a caller, and one request of a caller to one request to an
upstream. Sent at once, each write wakes its receiver, which goes back to sleep before the next comes; sent back to
back, the pieces for one receiver become one, and the receivers stay awake. Nothing waits longer than the turn of the
loop in which it was written.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Flushable(Protocol):
    """Something that has written, but not sent."""

    def flush(self) -> None:
        """Send what was written."""


class Outbox:
    """Who has something to send at the end of this turn."""

    __slots__ = ("_loop", "_writers")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody has."""
        self._loop = loop
        self._writers: list[Flushable] = []

    def add(self, writer: Flushable) -> None:
        """Flush ``writer`` when the loop has handled what is ready now."""
        if not self._writers:
            self._loop.call_soon(self._flush)
        self._writers.append(writer)

    def _flush(self) -> None:
        writers, self._writers = iter(self._writers), []
        try:
            for writer in writers:
                writer.flush()
        finally:  # one that failed must not keep the others from sending
            for writer in writers:
                self.add(writer)

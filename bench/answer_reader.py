"""Recognise where an HTTP answer ends, whether it is the one that was wanted, and how many events it brought.

Pure: bytes in, state out. Made to be cheap, since it shares a core with the mock upstream: it looks for an answer's
ends and does not unpack chunks. Sockets and clocks are ``bench.load``'s business.
"""

from __future__ import annotations

import re
from enum import Enum

from bench import mock_answers

EVENT = b"data: "
LAST_CHUNK = b"0\r\n\r\n"
KEPT_BYTES = 64
"""How much of a stream's end is looked at again with the next read, which may complete a mark."""
DONE = b"data: [DONE]"
OK = b" 200 "
STATUS_PLACE = slice(8, 13)

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d+)")


class State(Enum):
    """Where an answer stands."""

    MORE = "more to come"
    WHOLE = "whole and as wanted"
    WRONG = "not the wanted answer"


class AnswerReader:
    """Reads one answer after another from one connection.

    ``events`` and ``reads`` count what the present answer has brought: events, and reads that brought any.
    """

    __slots__ = ("_ending", "_head", "_left", "_mark", "_stream", "events", "reads")

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._mark = DONE if stream else mock_answers.MARK_BYTES
        self.expect()

    def expect(self) -> None:
        """Make ready for the next answer."""
        self._head: bytes | None = b""
        self._ending = b""
        self._left: int | None = None
        self.events = 0
        self.reads = 0

    def feed(self, data: bytes) -> State:
        """Take what one read brought."""
        if self._head is not None:
            data = self._head + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._head = data
                return State.MORE
            if data[STATUS_PLACE] != OK:
                return State.WRONG
            length = _LENGTH.search(data, 0, end)
            self._left = int(length[1]) if length else None
            self._head = None
            data = data[end + 4 :]
        return self._feed_body(data)

    def _feed_body(self, data: bytes) -> State:
        window = self._ending + data
        if self._stream:
            found = window.count(EVENT) - self._ending.count(EVENT)
            self.events += found
            self.reads += found > 0
            self._ending = window[-KEPT_BYTES:]
        else:
            self._ending = window
        if self._left is None:
            ended = window.endswith(LAST_CHUNK)
        else:
            self._left -= len(data)
            ended = self._left <= 0
        if not ended:
            return State.MORE
        return State.WHOLE if self._mark in self._ending else State.WRONG

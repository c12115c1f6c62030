"""The access log: one line for each exchange, written off the request path. JSON, unless a format says otherwise.

Lines are kept until there are many or the first is a tenth of a second old; then they are encoded and go to a writer
thread, so that a slow disk or a stalled pipe never stops the event loop. The queue is bounded: when the writer cannot
follow, or the disk is full, lines are dropped *and counted*. Several processes may share a file or a pipe: each write
is of whole lines. Prompts and answers are not logged, keys never; control characters are escaped by JSON.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import stat
import threading
from pathlib import Path
from select import PIPE_BUF

import msgspec

from penstock.core.errors import OperatorError
from penstock.telemetry.access_line import AccessLine
from penstock.telemetry.log_format import LogFormat, Value

FLUSHED_LINES = 200
FLUSH_AFTER_S = 0.1
QUEUED_BUFFERS = 256

log = logging.getLogger(__name__)

LoggedLine = AccessLine | dict[str, Value] | str
"""Our own members; or what a format makes: members, or a text."""


class AccessLog:
    """A file or standard output that takes lines. Use from one event loop; ``close`` at the end."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop, line_format: LogFormat | None = None) -> None:
        """Open ``path`` (``-``: standard output) and start the writer; who writes makes lines of ``line_format``.

        Raises:
            OperatorError: the file cannot be opened.
        """
        self.path = path
        self.line_format = line_format
        self._is_text = line_format is not None and line_format.line is not None
        self._loop = loop
        self._encoder = msgspec.json.Encoder()
        self._lines: list[LoggedLine] = []
        self._timer: asyncio.TimerHandle | None = None
        self._queue: queue.Queue[bytes | None] = queue.Queue(QUEUED_BUFFERS)
        self.dropped_lines = 0
        self._cut = False
        """The file ends in the middle of a line."""
        try:
            self._file = os.dup(1) if path == "-" else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        except OSError as error:
            msg = f"the access log {path} cannot be opened: {error.strerror}"
            raise OperatorError(msg) from error
        self._is_pipe = stat.S_ISFIFO(os.fstat(self._file).st_mode)
        self._writer = threading.Thread(target=self._write_all, name="access-log", daemon=True)
        self._writer.start()

    def is_in_place(self) -> bool:
        """Say whether the file is still the one that its path names; a rotation moves it away."""
        if self.path == "-":
            return True
        try:
            named, ours = Path(self.path).stat(), os.fstat(self._file)
        except OSError:
            return False
        return (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)

    def write(self, line: LoggedLine) -> None:
        """Take one line."""
        self._lines.append(line)
        if len(self._lines) >= FLUSHED_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(FLUSH_AFTER_S, self.flush)

    def flush(self) -> None:
        """Hand the lines to the writer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        try:
            self._queue.put_nowait(self._encode(lines))
        except queue.Full:
            self.dropped_lines += len(lines)

    def _encode(self, lines: list[LoggedLine]) -> bytes:
        """Encode lines; one that holds what is no text is dropped and counted, and the others are not."""
        try:
            if self._is_text:
                return "".join([f"{line}\n" for line in lines]).encode()
            return self._encoder.encode_lines(lines)
        except UnicodeEncodeError:
            half = len(lines) // 2
            if half:
                return self._encode(lines[:half]) + self._encode(lines[half:])
            self.dropped_lines += 1
            return b""

    def close(self, *, wait_s: float = 5.0) -> None:
        """Write what is buffered and end the writer; a stalled target is given up after ``wait_s``."""
        self.flush()
        try:
            self._queue.put(None, timeout=wait_s)
        except queue.Full:
            return
        self._writer.join(wait_s)

    def _write_all(self) -> None:
        lost = 0
        while (data := self._queue.get()) is not None:
            written, problem = self._write(data)
            if problem is not None:
                rest = data[written:]
                if not lost:
                    log.warning("access log: lines are lost: %s", problem)
                lost += rest.count(b"\n")
                self.dropped_lines += rest.count(b"\n")
            elif lost:
                log.warning("access log: written again; %d lines were lost", lost)
                lost = 0
        if lost:
            log.warning("access log: %d lines were lost", lost)
        os.close(self._file)

    def _piece(self, data: bytes) -> bytes:
        """Return as much as goes in one write: into a pipe whole lines that other workers' cannot get between."""
        if not self._is_pipe or len(data) <= PIPE_BUF:
            return data
        end = data.rfind(b"\n", 0, PIPE_BUF) + 1
        return data[: end or data.find(b"\n") + 1]

    def _write(self, data: bytes) -> tuple[int, str | None]:
        """Write whole lines; return how many bytes were, and what hindered the rest."""
        written = 0
        try:
            if self._cut:  # a disk that was full took the beginning of a line: the next one is not its end
                written -= 1
                data = b"\n" + data
            while data:
                count = os.write(self._file, self._piece(data))
                self._cut = not data[:count].endswith(b"\n")
                written += count
                data = data[count:]
        except OSError as error:
            return max(written, 0), error.strerror
        return written, None

"""The client that makes load: one epoll loop over keep-alive connections, each with one request under way at a time.

Runs in the calling process, so that it needs no other program. It is closed-loop: a connection asks again as soon as
its answer is whole. Every answer is checked; one that is wrong, cut or late counts as an error and its connection is
replaced. What a run means is for ``bench.measure`` to say.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.answer_reader import AnswerReader, State

READ_BYTES = 256 * 1024
POLL_S = 0.01
LINGER_S = 5.0
"""How long answers under way may take to come to their end after the time of a run is up."""
CONNECT_TIMEOUT_S = 5.0
IP_BIND_ADDRESS_NO_PORT = 24
"""From linux/in.h: a port is chosen at connect, when both ends are known, so that one port serves many peers."""
MAX_ERRORS = 100
"""A run that has met so many is not worth going on with."""


@dataclass(slots=True)
class LoadResult:
    """What one run brought; latencies are of whole answers."""

    elapsed_s: float = 0.0
    answers: int = 0
    errors: int = 0
    events: int = 0
    event_reads: int = 0
    latencies_s: list[float] = field(default_factory=list)
    first_error: str = ""


class _Connection:
    __slots__ = ("reader", "sock", "started_s", "unsent")

    def __init__(self, sock: socket.socket, reader: AnswerReader) -> None:
        self.sock = sock
        self.reader = reader
        self.unsent = b""
        self.started_s = 0.0


@dataclass(slots=True)
class Load:
    """A run to be made: so many connections for ``duration_s``, or until ``max_requests`` have been asked."""

    port: int
    request: bytes
    stream: bool
    connections: int
    duration_s: float
    max_requests: int
    ramp_per_s: float = float("inf")
    """New connections per second."""
    linger_s: float = LINGER_S
    sources: tuple[str, ...] = ("127.0.0.1",)
    """Addresses to connect from, in turn: one has too few ports for very many connections."""
    every_s: float = float("inf")
    on_tick: Callable[[int], None] | None = None
    """Called now and then from inside the run, with the number of connections that are open."""


class _Run:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._poll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._dialled = 0
        self._asked = 0
        self._begun_s = time.perf_counter()
        self._last_end_s = self._begun_s
        self._next_tick_s = self._begun_s + load.every_s
        self.result = LoadResult()

    def go(self) -> LoadResult:
        end_s = self._begun_s + self._load.duration_s
        try:
            while (now_s := time.perf_counter()) < end_s + self._load.linger_s:
                asking = now_s < end_s and self._asked < self._load.max_requests
                if self.result.errors > MAX_ERRORS or not (asking or self._open):
                    break
                if asking:
                    self._dial(now_s)
                self._turn(asking)
                self._tick(now_s)
            for connection in list(self._open.values()):
                self._fail(connection, "no answer before the run's end")
        finally:
            self._close()
        self.result.elapsed_s = self._last_end_s - self._begun_s
        return self.result

    def _close(self) -> None:
        for connection in self._open.values():
            connection.sock.close()
        self._poll.close()

    def _tick(self, now_s: float) -> None:
        if self._load.on_tick and now_s >= self._next_tick_s:
            self._next_tick_s = now_s + self._load.every_s
            self._load.on_tick(len(self._open))

    def _dial(self, now_s: float) -> None:
        due = min(self._load.connections, 1 + (now_s - self._begun_s) * self._load.ramp_per_s)
        while len(self._open) < due and self._asked < self._load.max_requests:
            self._open_connection()

    def _open_connection(self) -> None:
        sock = socket.socket()
        sock.settimeout(CONNECT_TIMEOUT_S)
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((self._load.sources[self._dialled % len(self._load.sources)], 0))
        try:
            sock.connect(("127.0.0.1", self._load.port))
        except OSError:
            sock.close()
            raise
        self._dialled += 1
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sock, AnswerReader(stream=self._load.stream))
        self._open[sock.fileno()] = connection
        self._poll.register(sock, select.EPOLLIN)
        self._ask(connection)

    def _ask(self, connection: _Connection) -> None:
        if self._asked >= self._load.max_requests:
            self._drop(connection)
            return
        self._asked += 1
        connection.started_s = time.perf_counter()
        self._send(connection, self._load.request)

    def _send(self, connection: _Connection, data: bytes) -> None:
        try:
            sent = connection.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as broken:
            self._fail(connection, str(broken))
            return
        if connection.unsent or sent < len(data):
            self._poll.modify(connection.sock, select.EPOLLIN | (select.EPOLLOUT if sent < len(data) else 0))
        connection.unsent = data[sent:]

    def _turn(self, asking: bool) -> None:
        for descriptor, mask in self._poll.poll(POLL_S):
            connection = self._open[descriptor]
            if mask & select.EPOLLIN or not mask & select.EPOLLOUT:
                self._read(connection, asking)
            else:
                self._send(connection, connection.unsent)

    def _read(self, connection: _Connection, asking: bool) -> None:
        try:
            size = connection.sock.recv_into(self._buffer)
        except OSError as broken:
            self._fail(connection, str(broken))
            return
        if not size:
            self._fail(connection, "closed before its answer was whole")
            return
        state = connection.reader.feed(bytes(self._buffer[:size]))
        if state is State.WHOLE:
            self._finish(connection, asking)
        elif state is State.WRONG:
            self._fail(connection, bytes(self._buffer[: min(size, 400)]).decode(errors="replace"))

    def _finish(self, connection: _Connection, asking: bool) -> None:
        self._last_end_s = time.perf_counter()
        result = self.result
        result.answers += 1
        result.latencies_s.append(self._last_end_s - connection.started_s)
        result.events += connection.reader.events
        result.event_reads += connection.reader.reads
        connection.reader.expect()
        if asking:
            self._ask(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        del self._open[connection.sock.fileno()]
        connection.sock.close()

    def _fail(self, connection: _Connection, reason: str) -> None:
        self.result.errors += 1
        self.result.first_error = self.result.first_error or reason
        self._drop(connection)


def run(load: Load) -> LoadResult:
    """Make the run; it ends by itself, ``linger_s`` after its time at the latest."""
    return _Run(load).go()

"""A provider that costs next to nothing: one epoll loop that answers prepared bytes, at once or as a paced stream.

``python -m bench.mock_upstream --port N [--events N] [--gap-ms N]``. ``GET`` gets a list of models; a ``POST`` that
asks for a stream gets one event per write, ``gap-ms`` apart, each stream in its own rhythm; any other ``POST`` gets an
answer of 1 KB. The path says in whose format. It reads only what it needs of a request and is no example of an HTTP
server; what it says is in ``bench.mock_answers`` (OpenAI) and ``bench.mock_vendors``.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import re
import select
import socket
import time
from dataclasses import dataclass, field
from typing import NoReturn

from bench import mock_answers, mock_vendors
from bench.machine import raise_file_limit
from bench.mock_answers import LAST_CHUNK

BACKLOG = 4096
READ_BYTES = 256 * 1024
WAITS_FINE_BELOW_S = 0.001
"""epoll counts whole milliseconds; shorter waits for the next event of a stream are slept."""
FINE_SLEEP_S = 0.0003
SEARCHED_BYTES = 4096
"""Where a body may say that it wants a stream: its first and last bytes. SDKs write it last, some gateways first."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked")
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_USAGE = re.compile(rb'"include_usage"\s*:\s*true')


def request_length(received: bytes | bytearray) -> int | None:
    """Return how long the request at the start of ``received`` is; None while that is not known."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(received, 0, end)
    if length:
        return end + 4 + int(length[1])
    if _CHUNKED.search(received, 0, end):
        last = received.find(LAST_CHUNK, end + 2)
        return None if last < 0 else last + len(LAST_CHUNK)
    return end + 4


def _says(pattern: re.Pattern[bytes], body: bytes | bytearray) -> bool:
    return bool(pattern.search(body, 0, SEARCHED_BYTES) or pattern.search(body, max(0, len(body) - SEARCHED_BYTES)))


@dataclass(slots=True, eq=False)
class Connection:
    """One client; ``events_left`` counts down while it is being streamed to."""

    sock: socket.socket
    received: bytearray = field(default_factory=bytearray)
    length: int | None = None
    unsent: bytes = b""
    events_left: int = 0
    event: bytes = b""
    tail: bytes = b""


class MockUpstream:
    """The server; ``serve`` runs until the process is ended."""

    def __init__(self, port: int, events: int, gap_s: float) -> None:
        self._events = events
        self._gap_s = gap_s
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._due: list[tuple[float, int, Connection]] = []
        self._order = itertools.count()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._models = mock_answers.models_answer()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.EPOLLIN)

    def serve(self) -> NoReturn:
        """Answer for ever."""
        while True:
            for descriptor, mask in self._poll.poll(self._wait_s()):
                if descriptor == self._listener.fileno():
                    self._accept()
                elif mask & select.EPOLLOUT:
                    self._send(self._connections[descriptor], b"")
                else:
                    self._read(self._connections[descriptor])
            self._send_due_events()

    def _wait_s(self) -> float:
        if not self._due:
            return -1
        wait_s = self._due[0][0] - time.monotonic()
        if wait_s >= WAITS_FINE_BELOW_S:
            return wait_s - WAITS_FINE_BELOW_S
        if wait_s > 0:
            time.sleep(min(wait_s, FINE_SLEEP_S))
        return 0

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[sock.fileno()] = Connection(sock)
            self._poll.register(sock, select.EPOLLIN)

    def _drop(self, connection: Connection) -> None:
        del self._connections[connection.sock.fileno()]
        connection.events_left = 0
        connection.sock.close()

    def _read(self, connection: Connection) -> None:
        try:
            size = connection.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._drop(connection)
            return
        received = connection.received
        received += self._buffer[:size]
        if connection.length is None:
            connection.length = request_length(received)
        if connection.length is not None and len(received) >= connection.length:
            self._answer(connection, received)
            del received[: connection.length]
            connection.length = None

    def _answer(self, connection: Connection, request: bytearray) -> None:
        method, path, _ = bytes(request[:SEARCHED_BYTES]).split(b" ", 2)
        if method == b"GET":
            self._send(connection, self._models)
            return
        answers = mock_vendors.find(path)
        if mock_vendors.asks_for_stream(path) or _says(_STREAM, request):
            connection.event = answers.event
            connection.tail = answers.tail_with_usage if _says(_USAGE, request) else answers.tail
            connection.events_left = self._events
            self._send(connection, answers.stream_head)
            self._schedule(connection, time.monotonic())
        else:
            self._send(connection, answers.unary)

    def _schedule(self, connection: Connection, now_s: float) -> None:
        heapq.heappush(self._due, (now_s + self._gap_s, next(self._order), connection))

    def _send_due_events(self) -> None:
        now_s = time.monotonic()
        while self._due and self._due[0][0] <= now_s:
            _, _, connection = heapq.heappop(self._due)
            if not connection.events_left:
                continue
            connection.events_left -= 1
            if connection.events_left:
                self._schedule(connection, now_s)
                self._send(connection, connection.event)
            else:
                self._send(connection, connection.event + connection.tail)

    def _send(self, connection: Connection, data: bytes) -> None:
        data = connection.unsent + data
        try:
            sent = connection.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(connection)
            return
        if connection.unsent or sent < len(data):
            waiting = select.EPOLLIN | (select.EPOLLOUT if sent < len(data) else 0)
            self._poll.modify(connection.sock, waiting)
        connection.unsent = data[sent:]


def main() -> NoReturn:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--events", type=int, default=100, help="events of a stream that carry text")
    parser.add_argument("--gap-ms", type=float, default=2.0, help="time between two events of one stream")
    options = parser.parse_args()
    raise_file_limit()
    MockUpstream(options.port, options.events, options.gap_ms / 1000).serve()


if __name__ == "__main__":
    main()

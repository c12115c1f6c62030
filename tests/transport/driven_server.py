"""A server connection without a socket: a test hands it bytes and time, and reads what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import h11

from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_protocol import ServerConnection, ServerState
from tests.transport.clock_loop import ClockLoop
from tests.transport.fake_transport import FakeTransport
from tests.transport.recording_app import RecordingApp


class DrivenServer:
    """One connection to a :class:`RecordingApp`."""

    def __init__(self, loop: ClockLoop, app: RecordingApp, limits: ServerLimits) -> None:
        self.loop = loop
        self.app = app
        self.problems: list[str] = []
        self._sent: list[bytes] = []
        loop.set_exception_handler(lambda _, context: self.problems.append(str(context)))
        self.state = ServerState(app, limits, loop)
        self.connection = ServerConnection(self.state)
        self.transport = FakeTransport(loop, self.connection)
        self.connection.connection_made(self.transport)

    def feed(self, *pieces: bytes) -> None:
        """Deliver each piece, as a read of its own, as far as the connection is open and is read from."""
        self._sent += pieces
        while self._sent and not self.transport.closing and not self.transport.paused:
            self.loop.call_soon(self.connection.data_received, self._sent.pop(0))
            self.loop.spin()

    def eof(self) -> None:
        """Let the caller end its sending."""
        assert not self.transport.paused, "a transport that is not read from does not see an end"
        if not self.connection.eof_received():
            self.transport.close()
        self.loop.spin()

    def leave(self) -> None:
        """Let the caller go away."""
        self.transport.lose(ConnectionResetError())
        self.loop.spin()

    @property
    def written(self) -> bytes:
        """Everything answered so far."""
        return self.transport.written

    def answers(self, *methods: str) -> list[tuple[int, bytes]]:
        """Return status and body of each answer; ``methods`` are what the requests were, GET unless said."""
        return list(read_answers(self.written, methods))


def read_answers(data: bytes, methods: Iterable[str] = ()) -> Iterator[tuple[int, bytes]]:
    """Read answers as h11 does; interim ones count too."""
    asked = iter(methods)
    while data:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=next(asked, "GET"), target="/", headers=[("host", "a")]))
        client.send(h11.EndOfMessage())
        client.receive_data(data)
        status, body = 0, b""
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.InformationalResponse):
                yield event.status_code, b""
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                raise AssertionError(f"half an answer: {event!r} after {status}")
        yield status, body
        data = client.trailing_data[0]


@contextmanager
def driven_server(app: RecordingApp | None = None, limits: ServerLimits | None = None) -> Iterator[DrivenServer]:
    """Yield a connection; afterwards nothing of it may be left, and no error may have gone unhandled."""
    loop = ClockLoop()
    server = DrivenServer(loop, app or RecordingApp(), limits or ServerLimits())
    try:
        yield server
        server.leave()
        loop.spin()
        assert not server.problems
        assert not server.state.connections
        assert not len(server.state.deadlines)
    finally:
        loop.close()

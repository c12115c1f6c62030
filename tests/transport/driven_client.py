"""A connection to an upstream without a socket: a test plays the upstream, and sees what the receiver was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from penstock.core.errors import UpstreamFault
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.deadlines import Deadlines
from penstock.transport.outbox import Outbox
from penstock.transport.upstream_answer import AnswerHead, BodyReceiver, ExchangeTimeouts
from tests.transport.clock_loop import ClockLoop
from tests.transport.fake_transport import FakeTransport

TIMEOUTS = ExchangeTimeouts(first_byte_s=10, idle_s=5, total_s=60)
REQUEST = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n"


class Taking:
    """Receives an answer and keeps it."""

    def __init__(self, *, takes_body: bool = True) -> None:
        self.head: AnswerHead | None = None
        self.pieces: list[tuple[bytes, bytes | None]] = []
        self.ends: list[str] = []
        """``end``, or the code of the error: exactly one of them, once."""
        self.error: UpstreamFault | None = None
        self._takes_body = takes_body

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        assert self.head is None
        self.head = head
        return self if self._takes_body else None

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        assert payload
        assert self.head is not None
        assert not self.ends
        self.pieces.append((payload, framed))

    def on_end(self) -> None:
        self.ends.append("end")

    def on_failure(self, error: UpstreamFault) -> None:
        self.error = error
        self.ends.append(error.code)

    @property
    def status(self) -> int:
        assert self.head is not None
        return self.head.status

    @property
    def body(self) -> bytes:
        return b"".join(payload for payload, _ in self.pieces)


class DrivenClient:
    """One connection, on which a request has been sent."""

    def __init__(self, loop: ClockLoop, max_head_bytes: int) -> None:
        self.loop = loop
        self.problems: list[str] = []
        loop.set_exception_handler(lambda _, context: self.problems.append(str(context)))
        self.deadlines = Deadlines(loop)
        self.freed: list[bool] = []
        self.connection = UpstreamConnection(
            "a-backend",
            loop,
            self.deadlines,
            outbox=Outbox(loop),
            on_free=self._on_free,
            max_head_bytes=max_head_bytes,
        )
        self.transport = FakeTransport(loop, self.connection)
        self.connection.connection_made(self.transport)
        self.taking = self.send()

    def _on_free(self, connection: UpstreamConnection, reusable: bool) -> None:
        self.freed.append(reusable)

    def send(self, taking: Taking | None = None) -> Taking:
        taking = taking or Taking()
        self.connection.send([REQUEST], taking, TIMEOUTS)
        self.loop.spin()
        return taking

    def feed(self, *pieces: bytes) -> None:
        """Let the upstream send each piece as a read of its own."""
        for piece in pieces:
            if self.transport.closing:
                return
            self.connection.data_received(piece)
            self.loop.spin()

    def end(self, exc: Exception | None = None) -> None:
        """Let the upstream close the connection, or break it."""
        self.transport.lose(exc)
        self.loop.spin()

    @property
    def open(self) -> bool:
        return not self.transport.closing


@contextmanager
def driven_client(max_head_bytes: int = 64 * 1024) -> Iterator[DrivenClient]:
    """Yield a connection; afterwards nothing of it may be left, and no error may have gone unhandled."""
    loop = ClockLoop()
    client = DrivenClient(loop, max_head_bytes)
    try:
        yield client
        client.end()
        assert not client.problems
        assert not len(client.deadlines)
        assert client.freed[-1] is False, "the pool is told when a connection has gone"
    finally:
        loop.close()

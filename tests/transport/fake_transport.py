"""A transport without a socket: keeps what is written, and can be told to be slow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class FakeTransport(asyncio.Transport):
    """What an event loop's socket transport does, as far as the protocols under test can see."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000)})
        self._loop = loop
        self._protocol = protocol
        self.written = b""
        self.unsent_bytes = 0
        """What ``get_write_buffer_size`` says; while it is not 0, ``close`` waits as a real transport does."""
        self.closing = False
        self.aborted = False
        self.half_closed = False
        self.paused = False
        self._lost = False

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        if not self.closing:
            self.written += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[int]]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.half_closed = True

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True
        if not self.unsent_bytes:
            self.lose()

    def abort(self) -> None:
        self.closing = self.aborted = True
        self.lose()

    def lose(self, exc: Exception | None = None) -> None:
        """End the connection, as by the peer."""
        self.closing = True
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._protocol.connection_lost, exc)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

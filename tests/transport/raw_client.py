"""A caller over a real socket that sends exactly the bytes a test gives it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from penstock.transport.server import Server


class RawClient:
    """One connection to a server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read_answer(self, *, with_body: bool = True) -> tuple[bytes, bytes]:
        """Read one answer of known length; return its head and its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        _, found, rest = head.partition(b"content-length: ")
        length = int(rest.partition(b"\r\n")[0]) if found and with_body else 0
        return head, await self.reader.readexactly(length)

    async def read_to_end(self) -> bytes:
        """Read until the server ends the connection."""
        return await self.reader.read(-1)

    def reset(self) -> None:
        """Leave without a word."""
        self.writer.transport.abort()


@asynccontextmanager
async def connected(
    server: Server, *, tls: ssl.SSLContext | None = None, server_name: str | None = None, receive_bytes: int = 0
) -> AsyncIterator[RawClient]:
    """Connect; ``receive_bytes`` makes the caller's socket, and so what it takes unread, small."""
    raw = socket.socket()
    if receive_bytes:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    raw.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", server.port))
    except OSError:
        raw.close()
        raise
    reader, writer = await asyncio.open_connection(sock=raw, ssl=tls, server_hostname=server_name)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()
        try:
            await writer.wait_closed()
        except OSError:
            pass

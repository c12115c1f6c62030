"""A client of a gateway over one connection at a time, that may also behave badly: break off, or send nonsense.

Asks over asyncio streams and reads answers just far enough to say how they ended. Which requests are made is
``bench.mixed_load``'s business.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.scenarios import http_request

READ_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request ended."""

    status: int
    body: bytes
    whole: bool
    """False when the connection was cut before the framing said that this is the end."""


class Caller:
    """One client; its connection is kept while the server keeps it."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._connection is None:
            self._connection = await asyncio.open_connection("127.0.0.1", self._port, limit=READ_LIMIT)
        return self._connection

    async def _send(self, path: str, body: bytes, key: str | None) -> asyncio.StreamReader:
        reader, writer = await self._connect()
        headers = {"authorization": f"Bearer {key or self._key}"}
        writer.write(http_request(path, f"127.0.0.1:{self._port}", headers, body))
        await writer.drain()
        return reader

    async def ask(self, path: str, body: bytes, key: str | None = None) -> Answer:
        """Post a body and read the answer to its end, be it whole or cut.

        Raises:
            OSError: the connection cannot be made, or broke before an answer began.
            EOFError: it was closed before an answer began.
        """
        try:
            reader = await self._send(path, body, key)
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, EOFError):
            await self.close()
            raise
        return await self._read_body(reader, head)

    async def _read_body(self, reader: asyncio.StreamReader, head: bytes) -> Answer:
        status = int(head.split(b" ", 2)[1])
        lines = (line.partition(b":") for line in head.lower().split(b"\r\n")[1:])
        headers = {name: value.strip() for name, _, value in lines}
        body = bytearray()
        try:
            if b"content-length" in headers:
                body += await reader.readexactly(int(headers[b"content-length"]))
            elif headers.get(b"transfer-encoding") == b"chunked":
                await _read_chunks(reader, body)
            else:
                body += await reader.read()
        except (OSError, EOFError):
            await self.close()
            return Answer(status, bytes(body), whole=False)
        if headers.get(b"connection") == b"close":
            await self.close()
        return Answer(status, bytes(body), whole=True)

    async def leave(self, path: str, body: bytes, after_bytes: int) -> None:
        """Post a body and break the connection off once so much of the answer has come.

        Raises:
            OSError: the connection cannot be made, or broke.
            EOFError: it was closed.
        """
        try:
            reader = await self._send(path, body, None)
            if after_bytes:
                await reader.readexactly(after_bytes)
        finally:
            if self._connection:
                self._connection[1].transport.abort()
                self._connection = None

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection:
            writer = self._connection[1]
            self._connection = None
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                return


async def _read_chunks(reader: asyncio.StreamReader, body: bytearray) -> None:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)

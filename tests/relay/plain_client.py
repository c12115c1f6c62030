"""A caller on a plain socket: sends bytes as they are, and lets h11 judge what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import h11
import msgspec

from tests.relay.scripted_upstream import BOUND_S

PIECE_BYTES = 64 * 1024
Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass
class Answered:
    """One answer, as h11 understands it."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    whole: bool = False
    """The body came to the end that its framing promises."""

    def values(self, name: str) -> list[str]:
        return [value.decode("latin-1") for found, value in self.headers if found == name.encode()]

    def header(self, name: str) -> str | None:
        values = self.values(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object of an answer that must be one."""
        assert self.whole
        assert self.header("content-type") == "application/json"
        error = self.json["error"]
        assert isinstance(error, dict)
        assert isinstance(error["message"], str)
        assert isinstance(error["type"], str)
        return error


class Caller:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=1024 * 1024)
        self.closed = False

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, *, method: str = "POST", until: bytes | None = None) -> Answered:
        """Read one answer to its end, or until its body holds ``until``.

        A further call goes on with the same answer when it has not ended. The connection may be used again when the
        answer was whole.
        """
        if self._h11.our_state is h11.IDLE:
            self._h11.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
            self._h11.send(h11.EndOfMessage())
            self._answered, self._body = Answered(), bytearray()
        async with asyncio.timeout(BOUND_S):
            await self._read(until)
        self._answered.body = bytes(self._body)
        if self._answered.whole and self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
        return self._answered

    async def _read(self, until: bytes | None) -> None:
        answered = self._answered
        while not answered.whole and (until is None or until not in self._body):
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError:
                if not self.closed:
                    raise
                return  # cut before its end
            if event is h11.NEED_DATA:
                await self._receive()
            elif isinstance(event, h11.Response):
                answered.status = event.status_code
                answered.headers = list(event.headers)
            elif isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                answered.whole = True
            elif isinstance(event, h11.ConnectionClosed):
                return

    async def _receive(self) -> None:
        try:
            data = await self.reader.read(PIECE_BYTES)
        except ConnectionError:
            data = b""
        self.closed = self.closed or not data
        self._h11.receive_data(data)

    async def until_closed(self) -> bytes:
        """Read what still comes, until the server closes."""
        rest = b""
        async with asyncio.timeout(BOUND_S):
            while True:
                try:
                    data = await self.reader.read(PIECE_BYTES)
                except ConnectionError:
                    return rest
                if not data:
                    return rest
                rest += data

    async def close(self) -> None:
        self.writer.transport.abort()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass


async def call(url: str) -> Caller:
    """Connect to the server at ``url``."""
    where = urlsplit(url)
    return Caller(*await asyncio.open_connection(where.hostname, where.port))


def render(
    body: bytes,
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: Headers = (),
    version: str = "1.1",
) -> bytes:
    """Render a request; ``content-length`` is added, and ``host`` unless it is given in lower case."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    host = [] if any(name == "host" for name, _ in pairs) else ["host: gateway"]
    lines = [f"{method} {path} HTTP/{version}", *host]
    lines += [f"{name}: {value}" for name, value in pairs]
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def ask(
    url: str,
    body: bytes = b"",
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: Headers = (),
    version: str = "1.1",
) -> Answered:
    """Send one request on a connection of its own, and read its answer."""
    caller = await call(url)
    try:
        caller.send(render(body, path=path, method=method, headers=headers, version=version))
        return await caller.answer(method=method)
    finally:
        await caller.close()

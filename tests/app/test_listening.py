"""Listeners of one process that come, go and change while callers use them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.app.listening import Listening, url_of
from penstock.app.sockets import Addresses
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Listener, ListenerTls
from penstock.transport.server_limits import ServerLimits
from tests.relay.served_gateway import eventually
from tests.transport.certificates import Authority
from tests.transport.handlers import Gate
from tests.transport.raw_client import RawClient
from tests.transport.recording_app import RecordingApp

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
FREE = Listener(port=0)
LIMITS = ServerLimits()


class Process:
    """One that listens, and the addresses that it has."""

    def __init__(self, workers: int = 1) -> None:
        self.listening = Listening()
        self.addresses = Addresses(workers)

    async def change(self, app: RecordingApp, *listeners: Listener) -> None:
        bound = await self.addresses.open(listeners)
        try:
            readied = await self.listening.ready(listeners, bound, app, LIMITS)
        except OperatorError:
            self.addresses.discard(bound)
            raise
        await self.listening.enter(readied, app, LIMITS)
        self.addresses.adopt(bound, listeners)

    def port(self, listener: Listener = FREE) -> int:
        return self.addresses.bound[listener.address].port

    async def end(self) -> None:
        self.addresses.give_up()
        await self.listening.drain(0)


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    process = Process()
    yield process
    await process.end()


@asynccontextmanager
async def calling(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawClient]:
    name = "a.example" if tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    yield RawClient(reader, writer)
    writer.transport.abort()


async def test_what_stays_keeps_its_connections_and_serves_the_new_application(process: Process) -> None:
    first, second = RecordingApp(), RecordingApp()
    await process.change(first, FREE)
    async with calling(process.port()) as client:
        client.send(GET)
        await client.read_answer()
        await process.change(second, FREE, Listener(host="127.0.0.2", port=0))
        client.send(GET)
        await client.read_answer()
    assert (len(first.asked), len(second.asked), len(process.listening.opened)) == (1, 1, 2)


async def test_what_goes_finishes_its_answers_and_takes_nobody_new(process: Process) -> None:
    gate = Gate()
    app, other = RecordingApp(gate), Listener(host="127.0.0.2", port=0)
    await process.change(app, FREE, other)
    port = process.port()
    async with calling(port) as busy, calling(port) as idle:
        busy.send(GET)
        await eventually(lambda: len(gate.waiting) == 1 and process.listening.connections == 2)
        await process.change(app, other)
        assert await idle.read_to_end() == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert process.listening.serves(app)
        assert process.listening.sweep()
        gate.let()
        head, _ = await busy.read_answer()
        assert b"connection: close" in head
        assert await busy.read_to_end() == b""
    await eventually(lambda: not process.listening.sweep())
    assert (process.listening.connections, process.listening.serves(app)) == (0, False)


async def test_an_address_turns_to_tls_and_back_without_being_closed(process: Process, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert_file, key_file = authority.issue("a.example")
    secure = replace(FREE, tls=ListenerTls(cert=cert_file, key=key_file))
    gate = Gate()
    await process.change(RecordingApp(gate), FREE)
    port = process.port()
    assert process.listening.opened[0].url == f"http://127.0.0.1:{port}"
    async with calling(port) as plain:
        plain.send(GET)
        await eventually(lambda: bool(gate.waiting))
        await process.change(RecordingApp(), secure)
        assert (process.port(), process.listening.opened[0].url) == (port, f"https://127.0.0.1:{port}")
        async with calling(port, authority.client()) as client:
            client.send(GET)
            assert (await client.read_answer())[1] == b"0 bytes"
        gate.let()  # who came in plain text is answered in plain text, and then has to come again
        assert (await plain.read_answer())[1] == b"/"
        assert await plain.read_to_end() == b""
    await process.change(RecordingApp(), FREE)
    async with calling(port) as client:
        client.send(GET)
        assert (await client.read_answer())[1] == b"0 bytes"


async def test_a_certificate_that_cannot_be_used_leaves_everything_as_it_was(process: Process, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    broken = Listener(host="127.0.0.3", port=0, tls=ListenerTls(cert=str(wrong), key=str(wrong)))
    await process.change(RecordingApp(), FREE)
    before = process.listening.opened
    with pytest.raises(OperatorError, match=r"the certificate .*wrong\.pem .* cannot be used"):
        await process.change(RecordingApp(), Listener(unix=str(tmp_path / "s")), broken)
    assert process.listening.opened == before
    assert not (tmp_path / "s").exists()
    async with calling(process.port()) as client:
        client.send(GET)
        assert (await client.read_answer())[1] == b"0 bytes"


async def test_the_file_of_a_unix_socket_outlives_who_has_accepted_from_it(process: Process, tmp_path: Path) -> None:
    path = tmp_path / "s"
    place = Listener(unix=str(path))
    for listener in (place, replace(place, trusted_proxies=("unix",)), place):
        await process.change(RecordingApp(), listener)
        await asyncio.sleep(0)
        reader, writer = await asyncio.open_unix_connection(str(path))
        client = RawClient(reader, writer)
        client.send(GET)
        assert (await client.read_answer())[1] == b"0 bytes"
        writer.transport.abort()


async def test_refusals_are_counted_on_after_their_listener_has_gone(process: Process) -> None:
    behind = replace(FREE, proxy_protocol=True)
    await process.change(RecordingApp(), behind)
    async with calling(process.port(behind)) as client:
        client.send(GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(1)
    await process.change(RecordingApp(), FREE)
    await eventually(lambda: not process.listening.sweep())
    assert dict(process.listening.refused) == {"preamble_malformed": 1}


async def test_sockets_of_a_worker_that_is_gone_are_borrowed_at_every_address_also_later_ones() -> None:
    process, other = Process(workers=2), Listener(host="127.0.0.2", port=0)
    app = RecordingApp()
    await process.change(app, FREE)
    await process.listening.borrow(1)
    await process.change(app, FREE, other)

    async def answered() -> None:
        for listener in (FREE, other):
            for _ in range(6):  # half of these connections are meant for the other worker's sockets
                host = listener.host
                reader, writer = await asyncio.open_connection(host, process.port(listener))
                client = RawClient(reader, writer)
                client.send(GET)
                assert (await client.read_answer())[1] == b"0 bytes"
                writer.transport.abort()

    await answered()
    process.listening.give_back(1)
    await process.listening.borrow(1)
    await answered()
    await process.end()


async def test_urls_say_how_to_connect(tmp_path: Path) -> None:
    addresses = Addresses()
    tls = ListenerTls(cert="c", key="k")
    listeners = [FREE, Listener(host="::1", port=0, tls=tls), Listener(unix=str(tmp_path / "s"))]
    bound = await addresses.open(listeners)
    addresses.adopt(bound, listeners)
    ports = [bound[each.address].port for each in listeners]
    assert [url_of(each, bound[each.address]) for each in listeners] == [
        f"http://127.0.0.1:{ports[0]}",
        f"https://[::1]:{ports[1]}",
        f"unix:{tmp_path}/s",
    ]
    assert url_of(replace(listeners[2], tls=tls), bound[listeners[2].address]) == f"https+unix:{tmp_path}/s"
    addresses.give_up()

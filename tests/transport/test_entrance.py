"""The ways in at a listener; those with a preamble are tested with their protocol."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock.transport.entrance import PLAIN, Entrance, ForwardedConnection
from penstock.transport.forwarded import TrustedProxies
from penstock.transport.preamble_protocol import PreambleConnection
from penstock.transport.server import serve_on
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_protocol import ServerConnection, ServerState
from penstock.transport.server_request import ServerRequest
from tests.transport.raw_client import RawClient
from tests.transport.recording_app import RecordingApp

LOCAL = TrustedProxies(["127.0.0.0/8", "unix"], "x-forwarded-for")


def get(*forwarded: str) -> bytes:
    lines = "".join(f"X-Forwarded-For: {value}\r\n" for value in forwarded)
    return f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode()


async def tell_peer(request: ServerRequest) -> None:
    request.respond(200, [], request.peer.encode())


async def callers(place: socket.socket, trusted: TrustedProxies | None, requests: Sequence[bytes]) -> list[str]:
    """Return who the server takes each request's caller for, all on one connection."""
    server = await serve_on(RecordingApp(tell_peer), [place], entrance=Entrance(trusted=trusted))
    name = place.getsockname()
    reader, writer = await (
        asyncio.open_unix_connection(name) if isinstance(name, str) else asyncio.open_connection(*name)
    )
    client = RawClient(reader, writer)
    found = []
    for request in requests:
        client.send(request)
        found.append((await client.read_answer())[1].decode())
    writer.close()
    await server.drain(1)
    place.close()
    return found


async def test_each_request_of_a_connection_has_its_own_caller() -> None:
    place = socket.create_server(("127.0.0.1", 0))
    requests = [get("1.2.3.4"), get("1.2.3.4"), get(), get("6.6.6.6", "5.6.7.8")]
    assert await callers(place, LOCAL, requests) == ["1.2.3.4", "1.2.3.4", "127.0.0.1", "5.6.7.8"]


async def test_nobody_is_believed_who_is_not_named() -> None:
    for trusted in (None, TrustedProxies(["10.0.0.0/8"], "x-forwarded-for")):
        place = socket.create_server(("127.0.0.1", 0))
        assert await callers(place, trusted, [get("1.2.3.4")]) == ["127.0.0.1"]


@pytest.mark.parametrize(("trusted", "who"), [(None, "unix"), (LOCAL, "1.2.3.4")])
async def test_a_unix_socket_has_callers_too(trusted: TrustedProxies | None, who: str, tmp_path: Path) -> None:
    place = socket.socket(socket.AF_UNIX)
    place.bind(str(tmp_path / "s"))
    assert await callers(place, trusted, [get("1.2.3.4")]) == [who]


async def test_who_left_before_being_asked_for_an_address_is_not_taken_for_one_at_a_unix_socket() -> None:
    place = socket.create_server(("127.0.0.1", 0))
    with socket.create_connection(place.getsockname()) as caller:
        caller.send(get("1.2.3.4"))
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def note_peer(request: ServerRequest) -> None:
        asked.set_result(request.peer)

    trusted = TrustedProxies(["unix"], "x-forwarded-for")
    server = await serve_on(RecordingApp(note_peer), [place], entrance=Entrance(trusted=trusted))
    async with asyncio.timeout(10):
        peer = await asked
    await server.drain(1)
    place.close()
    assert peer in {"unknown", "127.0.0.1"}, "asyncio's own loop asks earlier"


async def test_what_is_not_asked_for_costs_nothing() -> None:
    """The usual entrance makes the usual connection, and no other class stands between it and the socket."""
    state = ServerState(RecordingApp(), ServerLimits(), asyncio.get_running_loop())
    assert type(PLAIN.greet(state)) is ServerConnection
    assert type(Entrance(trusted=LOCAL).greet(state)) is ForwardedConnection
    assert type(Entrance(proxy_protocol=True).greet(state)) is PreambleConnection


def test_tls_waits_for_the_preamble() -> None:
    context = ssl.create_default_context()
    assert Entrance(context).accepting_tls is context
    assert Entrance(context, proxy_protocol=True).accepting_tls is None

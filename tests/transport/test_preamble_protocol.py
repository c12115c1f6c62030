"""Connections that begin with a preamble: on real sockets of both event loops, in plain text and with TLS behind it."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from penstock.transport.entrance import Entrance
from penstock.transport.forwarded import TrustedProxies
from penstock.transport.server import Server, serve_on
from penstock.transport.server_certificate import ServerCertificate, server_tls
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import ServerRequest
from tests.transport.certificates import Authority
from tests.transport.raw_client import RawClient
from tests.transport.recording_app import RecordingApp

GET = b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n"
V1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"
V2 = (
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x13"
    + bytes([192, 0, 2, 7, 192, 0, 2, 1, 18, 103, 1, 187])
    + b"\x04\x00\x04text"
)
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
BOUND_S = 10
Behind = Callable[..., Awaitable[Server]]


async def tell_peer(request: ServerRequest) -> None:
    request.respond(200, [], request.peer.encode())


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    """Start a server behind a balancer that speaks the PROXY protocol."""
    servers: list[Server] = []

    async def start(
        tls: ssl.SSLContext | None = None, trusted: TrustedProxies | None = None, **limits: float
    ) -> Server:
        with socket.create_server(("127.0.0.1", 0)) as bound:
            entrance = Entrance(tls, proxy_protocol=True, trusted=trusted)
            bounds = ServerLimits(**limits)  # type: ignore[arg-type]  # sizes and seconds, as the test says
            servers.append(await serve_on(RecordingApp(tell_peer), [bound], entrance=entrance, limits=bounds))
        return servers[-1]

    yield start
    for server in servers:
        await server.drain(0)
        await asyncio.sleep(0)


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(BOUND_S):
            yield RawClient(reader, writer)
    finally:
        writer.close()


async def refused(server: Server, reason: str) -> None:
    """Wait until one connection was refused for a reason, and none is left."""
    async with asyncio.timeout(BOUND_S):
        while server.state.refused != Counter([reason]) or server.connections:
            await asyncio.sleep(0.001)
    assert not len(server.state.deadlines)


@pytest.mark.parametrize(
    ("preamble", "who"),
    [(V1, b"192.0.2.7"), (V2, b"192.0.2.7"), (LOCAL, b"127.0.0.1"), (b"PROXY UNKNOWN\r\n", b"127.0.0.1")],
)
async def test_the_caller_is_whom_the_preamble_names(preamble: bytes, who: bytes, behind: Behind) -> None:
    server = await behind()
    async with connected(server) as client:
        client.send(preamble + GET + GET)
        for _ in range(2):
            assert (await client.read_answer())[1] == who
        client.send(GET)
        assert (await client.read_answer())[1] == who
        assert server.connections == 1


@pytest.mark.parametrize("preamble", [V1, V2])
async def test_a_preamble_may_come_in_any_pieces(preamble: bytes, behind: Behind) -> None:
    server = await behind()
    stream = preamble + GET
    cuts = [range(1, len(stream)), *(sorted(random.Random(seed).sample(range(1, len(stream)), 3)) for seed in range(5))]
    for places in cuts:
        async with connected(server) as client:
            client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            last = 0
            for place in (*places, len(stream)):
                client.send(stream[last:place])
                await asyncio.sleep(0.001)
                last = place
            assert (await client.read_answer())[1] == b"192.0.2.7"


@pytest.mark.parametrize("preamble", [V1, V2, LOCAL])
async def test_tls_begins_behind_the_preamble(preamble: bytes, behind: Behind, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = ServerCertificate(server_tls(*authority.issue("first.example")))
    server = await behind(certificate.listening)
    for name in ("first.example", "second.example"):
        async with connected(server) as client:
            client.send(preamble)
            await client.writer.start_tls(authority.client(), server_hostname=name)
            for _ in range(3):
                client.send(GET)
                expected = b"127.0.0.1" if preamble is LOCAL else b"192.0.2.7"
                assert (await client.read_answer())[1] == expected
            client.writer.transport.abort()
        certificate.replace(server_tls(*authority.issue("second.example")))


async def test_preamble_handshake_and_request_may_come_at_once(behind: Behind, tmp_path: Path) -> None:
    """As through a balancer that has kept all of it back: the first bytes of TLS are read with the preamble's last."""
    authority = Authority(tmp_path)
    server = await behind(server_tls(*authority.issue("a.example")))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = authority.client().wrap_bio(incoming, outgoing, server_hostname="a.example")
    async with connected(server) as raw:
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        raw.send(V1 + outgoing.read())
        while True:
            incoming.write(await raw.reader.read(65_536))
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.send(outgoing.read())
        client.write(GET)
        raw.send(outgoing.read())  # the end of the handshake and the first request, in one piece
        answer = b""
        while not answer.endswith(b"192.0.2.7"):
            incoming.write(await raw.reader.read(65_536))
            try:
                answer += client.read(65_536)
            except ssl.SSLWantReadError:
                continue
        assert answer.startswith(b"HTTP/1.1 200 ")
        raw.writer.transport.abort()


async def test_what_is_no_preamble_ends_the_connection_and_is_told(
    behind: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    server = await behind()
    async with connected(server) as client:
        client.send(GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(1)
    await refused(server, "preamble_malformed")
    assert caplog.messages == [
        "connection of 127.0.0.1 refused: it did not begin with a PROXY preamble: it does not begin as one"
    ]


@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4 192", V2[:20]])
async def test_a_preamble_is_not_waited_for_for_ever(
    sent: bytes, behind: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    server = await behind(header_s=0.05)
    async with connected(server) as client:
        client.send(sent)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(1)
    await refused(server, "preamble_timeout")
    assert "did not come in time" in caplog.text


async def test_a_balancer_that_only_looks_is_not_worth_a_line(behind: Behind, caplog: pytest.LogCaptureFixture) -> None:
    server = await behind()
    async with connected(server):
        pass
    await refused(server, "preamble_cut")
    assert caplog.messages == []


async def test_with_trusted_proxies_nobody_else_may_say_anything(
    behind: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    server = await behind(trusted=TrustedProxies(["10.0.0.0/8"], "x-forwarded-for"))
    async with connected(server) as client:
        client.send(V1 + GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(1)
    await refused(server, "untrusted")
    assert "it is no trusted proxy" in caplog.text


async def test_a_header_counts_when_the_preamble_names_a_trusted_proxy(behind: Behind) -> None:
    server = await behind(trusted=TrustedProxies(["127.0.0.0/8", "192.0.2.7"], "x-forwarded-for"))
    said = GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.1\r\n\r\n")
    for preamble, who in ((V1, b"198.51.100.1"), (V1.replace(b".7", b".8"), b"192.0.2.8")):
        async with connected(server) as client:
            client.send(preamble + said)
            assert (await client.read_answer())[1] == who


@pytest.mark.parametrize("preamble", [b"PROXY UNKNOWN\r\n", LOCAL, LOCAL.replace(b"\x20", b"\x21")])
async def test_a_preamble_that_names_nobody_vouches_for_no_header(preamble: bytes, behind: Behind) -> None:
    server = await behind(trusted=TrustedProxies(["127.0.0.0/8"], "x-forwarded-for"))
    async with connected(server) as client:
        client.send(preamble + GET.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"))
        assert (await client.read_answer())[1] == b"127.0.0.1"


async def test_connections_without_a_preamble_count_too(behind: Behind) -> None:
    server = await behind(connections=2)
    async with connected(server), connected(server):
        while server.connections < 2:
            await asyncio.sleep(0)
        async with connected(server) as third:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await third.reader.readexactly(1)
        assert server.state.refused == Counter(["limit"])


async def test_a_handshake_that_fails_or_hangs_leaves_nothing(behind: Behind, tmp_path: Path) -> None:
    server = await behind(server_tls(*Authority(tmp_path).issue("a.example")), header_s=0.2)
    for after in (GET, b"\x16\x03\x01", b""):
        async with connected(server) as client:
            client.send(V1 + after)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.reader.readexactly(1000)
    async with asyncio.timeout(BOUND_S):
        while server.connections:
            await asyncio.sleep(0.001)
    assert not len(server.state.deadlines)


@pytest.mark.parametrize("sent", [b"", V1[:9], V1, V1 + b"\x16"])
async def test_draining_does_not_wait_for_those_who_have_asked_nothing(
    sent: bytes, behind: Behind, tmp_path: Path
) -> None:
    server = await behind(server_tls(*Authority(tmp_path).issue("a.example")))
    async with connected(server) as client:
        client.send(sent)
        while not server.connections:
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        assert await server.drain(BOUND_S) == 0
        assert server.connections == 0

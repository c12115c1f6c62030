"""Connections that cannot be opened or trusted, and exchanges that break, over real sockets and TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penstock.core.errors import UpstreamUnreachable
from penstock.transport.pool import Pool, PoolSettings
from penstock.transport.server_certificate import server_tls
from penstock.transport.tls import client_tls
from tests.transport.certificates import Authority
from tests.transport.raw_upstream import (
    ANSWER,
    FixedResolver,
    RawUpstream,
    answering,
    ask,
    ask_on,
    pool_to,
    raw_upstream,
    read_request,
    reset,
    settings,
    settled,
)

# --- connecting that fails


@contextmanager
def deaf_port() -> Iterator[int]:
    """Listen, but accept nobody: the queue is full, so that a further connection is not even refused."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    fillers = [socket.socket() for _ in range(8)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
    try:
        yield port
    finally:
        for filler in fillers:
            filler.close()
        listener.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """Bind, but do not listen: connections are refused, and nobody else gets the port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def unreachable(pool: Pool) -> UpstreamUnreachable:
    """Return the error of a connection that cannot be opened; it says nothing of where it went."""
    with pytest.raises(UpstreamUnreachable) as caught:
        await pool.checkout()
    assert (pool.idle, pool.busy) == (0, 0)
    shown = caught.value.message
    assert shown.startswith("The backend 'a-backend' ")
    assert "127.0.0" not in shown
    assert str(pool.settings.port) not in shown
    assert "example" not in shown
    return caught.value


async def test_a_refused_connection() -> None:
    with closed_port() as port:
        async with pool_to(port) as pool:
            error = await unreachable(pool)
            assert "refused the connection" in error.message
            assert error.detail is not None


async def test_a_connection_that_takes_too_long() -> None:
    with deaf_port() as port:
        async with pool_to(port, settings=settings(connect_s=0.1)) as pool:
            assert "did not accept a connection within 0.1 s" in (await unreachable(pool)).message


async def test_a_name_that_cannot_be_resolved() -> None:
    resolver = FixedResolver(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    async with pool_to(1, resolver=resolver) as pool:
        error = await unreachable(pool)
        assert "has a name that cannot be resolved" in error.message
        assert "not known" in str(error.detail)


async def test_a_name_without_addresses() -> None:
    async with pool_to(1, resolver=FixedResolver([])) as pool:
        assert "has no address" in (await unreachable(pool)).message


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream:
        resolver = FixedResolver(["127.0.0.2", "127.0.0.1"])
        async with pool_to(upstream.port, resolver=resolver) as pool:
            assert (await ask(pool)).body == b"hello"


async def test_a_caller_that_leaves_while_connecting_makes_place_for_who_waits() -> None:
    with deaf_port() as port:
        async with pool_to(port, settings=settings(connections=1, connect_s=0.3)) as pool:
            connecting = asyncio.create_task(pool.checkout())
            await asyncio.sleep(0)
            waiting = asyncio.create_task(pool.checkout())
            await asyncio.sleep(0.01)
            connecting.cancel()
            with pytest.raises(UpstreamUnreachable):
                await waiting
            assert pool.busy == 0


async def test_each_who_waits_learns_that_no_connection_can_be_opened() -> None:
    with deaf_port() as port:
        async with pool_to(port, settings=settings(connections=1, connect_s=0.05)) as pool:
            results = await asyncio.gather(*[pool.checkout() for _ in range(3)], return_exceptions=True)
            assert [type(result) for result in results] == [UpstreamUnreachable] * 3


# --- exchanges that fail


async def broken(upstream: RawUpstream, code: str) -> str:
    """Return the message of an exchange that fails, after which the pool serves the next one."""
    async with pool_to(upstream.port, settings=settings(connections=1)) as pool:
        asked = await ask(pool)
        assert asked.ends == [code]
        assert asked.error is not None
        await settled(pool, idle=0)
        assert (await ask(pool)).ends == [code]
        return asked.error.message


@pytest.mark.parametrize("sent", [b"", ANSWER[:10], ANSWER[:-2]])
@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_an_upstream_that_breaks_off(sent: bytes, ending: str) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(sent)
        await asyncio.sleep(0.02)  # lets what was sent arrive before the end does
        if ending == "reset":
            reset(writer)

    async with raw_upstream(play) as upstream:
        message = await broken(upstream, "upstream_broke_off")
        assert ("in the middle of its answer" if len(sent) > 10 else "before answering") in message


async def test_an_upstream_that_does_not_speak_http() -> None:
    async with raw_upstream(answering(b"220 smtp.example ESMTP\r\n\r\n")) as upstream:
        assert "example" not in await broken(upstream, "upstream_invalid")


async def test_an_answer_that_comes_while_the_request_is_still_being_sent() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER.replace(b"200 OK", b"413 Content Too Large"))
        await asyncio.sleep(30)

    async with raw_upstream(play) as upstream, pool_to(upstream.port) as pool:
        asked = await ask(pool, b"x" * 30_000_000)
        assert (asked.status, asked.body) == (413, b"hello")
        await settled(pool, idle=0)


async def test_an_answer_in_single_bytes() -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            for byte in answer:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)

    async with raw_upstream(play) as upstream, pool_to(upstream.port) as pool:
        for _ in range(2):
            assert (await ask(pool)).body == b"hello"
        assert upstream.accepted == 1


# --- TLS


def tls_settings(authority: Authority | None, server_name: str, **files: str) -> PoolSettings:
    context = client_tls(ca=authority.file if authority else None, **files)
    return PoolSettings(name="a-backend", host="127.0.0.1", port=0, tls=context, server_name=server_name)


async def test_a_verified_upstream_is_spoken_to_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = server_tls(*authority.issue("upstream.example"))
    bounds = tls_settings(authority, "upstream.example")
    async with raw_upstream(answering(ANSWER), tls=tls) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        channel = connection.transport.get_extra_info("ssl_object")
        assert channel.selected_alpn_protocol() == "http/1.1"
        for _ in range(3):
            asked = ask_on(connection)
            assert (await asked.over(), asked.body) == ("end", b"hello")
            assert pool.checkout_nowait() is connection


@pytest.mark.parametrize(
    ("names", "expired", "trusted", "reason"),
    [
        (["other.example"], False, True, "Hostname mismatch"),
        (["upstream.example"], True, True, "certificate has expired"),
        (["upstream.example"], False, False, "unable to get local issuer certificate"),
    ],
)
async def test_an_upstream_that_cannot_be_verified_is_not_spoken_to(
    tmp_path: Path, names: list[str], expired: bool, trusted: bool, reason: str
) -> None:
    authority = Authority(tmp_path)
    tls = server_tls(*authority.issue(*names, expired=expired))
    heard: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))

    async with raw_upstream(play, tls=tls) as upstream:
        bounds = tls_settings(authority if trusted else None, "upstream.example")
        async with pool_to(upstream.port, settings=bounds) as pool:
            message = (await unreachable(pool)).message
            assert reason in message
            assert "cannot be trusted" in message
    assert b"".join(heard) == b""


async def test_an_address_that_the_certificate_does_not_name_is_not_told_to_callers(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = server_tls(*authority.issue("upstream.example"))
    bounds = tls_settings(authority, "127.0.0.1")
    async with raw_upstream(answering(ANSWER), tls=tls) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        assert "IP address mismatch" in (await unreachable(pool)).message


async def test_an_upstream_that_does_not_speak_tls(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    bounds = tls_settings(Authority(tmp_path), "upstream.example")
    async with raw_upstream(play) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        assert "does not speak TLS" in (await unreachable(pool)).message


async def test_a_handshake_that_takes_too_long(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with raw_upstream(play) as upstream:
        bounds = tls_settings(Authority(tmp_path), "upstream.example")
        slow = PoolSettings(name="a-backend", host="127.0.0.1", port=0, tls=bounds.tls, connect_s=0.1)
        async with pool_to(upstream.port, settings=slow) as pool:
            assert "did not accept a connection within 0.1 s" in (await unreachable(pool)).message


async def test_an_upstream_that_asks_who_we_are_is_shown_our_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = server_tls(*authority.issue("upstream.example"))
    tls.load_verify_locations(authority.file)
    tls.verify_mode = ssl.CERT_REQUIRED
    cert, key = authority.issue("client.example")
    async with raw_upstream(answering(ANSWER), tls=tls) as upstream:
        bounds = tls_settings(authority, "upstream.example", cert=cert, key=key)
        async with pool_to(upstream.port, settings=bounds) as pool:
            assert (await ask(pool)).body == b"hello"

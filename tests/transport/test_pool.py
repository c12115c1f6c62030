"""Connections to one backend over real sockets: reuse, limits, waiting, and how connecting fails."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penstock.core.errors import Overloaded, UpstreamUnreachable
from penstock.transport import pool as pool_module
from penstock.transport.pool import Pool, PoolSettings
from penstock.transport.server import server_tls
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
)


def settings(**bounds: float) -> PoolSettings:
    return PoolSettings(name="a-backend", host="127.0.0.1", port=0, **bounds)  # type: ignore[arg-type]  # by name


async def settled(pool: Pool, *, idle: int, busy: int = 0) -> None:
    """Wait until the pool has as many connections as it must have in the end."""
    while (pool.idle, pool.busy) != (idle, busy):
        await asyncio.sleep(0.001)


# --- reuse


async def test_a_connection_is_used_again() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        for _ in range(5):
            assert (await ask(pool)).body == b"hello"
        assert (upstream.accepted, pool.idle, pool.busy) == (1, 1, 0)


async def test_the_one_that_was_freed_last_is_used_first() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        first, second, third = [await pool.checkout() for _ in range(3)]
        assert (pool.idle, pool.busy) == (0, 3)
        for connection in (second, third, first):
            await ask_on(connection).over()
        assert [pool.checkout_nowait() for _ in range(4)] == [first, third, second, None]


async def test_a_connection_that_was_not_needed_can_be_given_back() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        connection = await pool.checkout()
        pool.give_back(connection)
        assert pool.checkout_nowait() is connection
        connection.close()
        pool.give_back(connection)
        assert pool.checkout_nowait() is None


async def test_more_than_enough_idle_connections_are_closed() -> None:
    bounds = settings(idle_connections=1)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connections = [await pool.checkout() for _ in range(3)]
        for connection in connections:
            await ask_on(connection).over()
        await settled(pool, idle=1)


async def test_idle_connections_are_closed_after_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "SWEEP_INTERVAL_S", 0.01)
    bounds = settings(idle_s=0.05)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        await ask(pool)
        await settled(pool, idle=0)
        assert (await ask(pool)).body == b"hello"
        assert upstream.accepted == 2


@pytest.mark.parametrize("answer", [ANSWER + b"!", ANSWER.replace(b"OK", b"OK\r\nconnection: close")])
async def test_a_connection_in_doubt_is_not_used_again(answer: bytes) -> None:
    async with raw_upstream(answering(answer)) as upstream, pool_to(upstream.port) as pool:
        for _ in range(3):
            assert (await ask(pool)).body == b"hello"
        assert upstream.accepted == 3


async def test_a_connection_that_the_upstream_closes_after_each_answer_is_not_used_again() -> None:
    async with raw_upstream(answering(ANSWER, times=1)) as upstream, pool_to(upstream.port) as pool:
        for _ in range(3):
            assert (await ask(pool)).body == b"hello"
            await settled(pool, idle=0)
        assert upstream.accepted == 3


async def test_an_idle_connection_on_which_the_upstream_speaks_is_not_used_again() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        await ask(pool)
        upstream.writers[0].write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        await settled(pool, idle=0)
        assert (await ask(pool)).status == 200


@contextmanager
def upstream_in_a_thread(goodbye: bytes) -> Iterator[int]:
    """Answer one request on each connection; a moment later say ``goodbye`` and close, whatever our loop does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            with connected:
                connected.recv(65_536)
                connected.sendall(ANSWER)
                time.sleep(0.1)
                connected.sendall(goodbye)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("goodbye", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_connection_whose_end_we_have_not_noticed_yet_is_not_used_again(goodbye: bytes) -> None:
    with upstream_in_a_thread(goodbye) as port:
        async with pool_to(port) as pool:
            await ask(pool)
            assert pool.idle == 1
            time.sleep(pool_module.LOOK_BEFORE_USE_S + 0.2)  # the loop sees nothing of what happens meanwhile
            assert pool.checkout_nowait() is None
            assert (await ask(pool)).body == b"hello"


# --- limits


async def test_callers_beyond_the_limit_wait_in_order() -> None:
    order: list[int] = []
    bounds = settings(connections=1)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:

        async def one(number: int) -> None:
            assert (await ask(pool)).body == b"hello"
            order.append(number)

        await asyncio.gather(*[one(number) for number in range(20)])
        assert order == list(range(20))
        assert upstream.accepted == 1


async def test_callers_beyond_the_bound_of_the_queue_are_turned_away() -> None:
    bounds = settings(connections=1, waiting=2)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        waiting = [asyncio.create_task(ask(pool)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="All 1 connections to the backend 'a-backend' are in use") as caught:
            await pool.checkout()
        assert caught.value.headers == (("retry-after", "1"),)
        pool.give_back(connection)
        assert [(await task).body for task in waiting] == [b"hello"] * 2


async def test_a_caller_that_leaves_the_queue_leaves_its_place() -> None:
    bounds = settings(connections=1, waiting=1)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        for _ in range(3):
            task = asyncio.create_task(pool.checkout())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        patient = asyncio.create_task(pool.checkout())
        await asyncio.sleep(0)
        pool.give_back(connection)
        assert await patient is connection


async def test_a_caller_that_leaves_as_its_turn_comes_passes_the_connection_on() -> None:
    bounds = settings(connections=1)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        leaving, next_one = [asyncio.create_task(pool.checkout()) for _ in range(2)]
        await asyncio.sleep(0)
        pool.give_back(connection)
        leaving.cancel()
        assert await next_one is connection
        pool.give_back(connection)
        assert (await ask(pool)).body == b"hello"


async def test_a_connection_that_dies_makes_place_for_who_waits() -> None:
    bounds = settings(connections=1)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        waiting = asyncio.create_task(ask(pool))
        await asyncio.sleep(0)
        connection.cancel()
        assert (await waiting).body == b"hello"
        assert upstream.accepted == 2


async def test_a_connection_that_dies_as_it_is_handed_over_is_not_used() -> None:
    bounds = settings(connections=1)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        waiting = asyncio.create_task(ask(pool))
        await asyncio.sleep(0)
        pool.give_back(connection)
        connection.close()
        assert (await waiting).body == b"hello"


async def test_a_connection_that_is_closing_is_not_used() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        connection = await pool.checkout()
        pool.give_back(connection)
        connection.transport.close()  # as the loop does when the upstream has ended its sending
        assert pool.checkout_nowait() is None
        assert (await ask(pool)).body == b"hello"


async def test_closing_ends_idle_connections_now_and_busy_ones_after_their_exchange() -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        busy, unused, idle = [await pool.checkout() for _ in range(3)]
        pool.give_back(idle)
        asked = ask_on(busy)
        pool.close()
        pool.give_back(unused)
        assert await asked.over() == "end"
        await settled(pool, idle=0)


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
    context = client_tls(ca_file=authority.file if authority else None, **files)
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
        bounds = tls_settings(authority, "upstream.example", cert_file=cert, key_file=key)
        async with pool_to(upstream.port, settings=bounds) as pool:
            assert (await ask(pool)).body == b"hello"

"""Connections to one backend over real sockets: reuse, limits, waiting, and how connecting fails."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from penstock.core.errors import Overloaded, UpstreamUnreachable
from penstock.transport import pool as pool_module
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.pool import Pool
from penstock.transport.request_run import RequestRun
from tests.transport.raw_upstream import (
    ANSWER,
    answering,
    ask,
    ask_on,
    pool_to,
    raw_upstream,
    settings,
    settled,
)

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
        assert sum(not connection.closed for connection in connections) == 1


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


async def test_a_caller_waits_only_so_long_and_leaves_its_place() -> None:
    bounds = settings(connections=1, waiting=1, wait_s=0.05)
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port, settings=bounds) as pool:
        connection = await pool.checkout()
        for _ in range(2):
            with pytest.raises(Overloaded, match=r"none came free within 0\.05 s"):
                await pool.checkout()
        pool.give_back(connection)
        assert await pool.checkout() is connection


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


@pytest.mark.parametrize("turns", range(10))
async def test_a_caller_that_leaves_at_any_moment_leaves_nothing_behind(turns: int) -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        run = RequestRun(_ask_or_leave(pool), asyncio.get_running_loop())
        run.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        run.cancel()
        await settled(pool, idle=pool.idle)
        while len(pool._deadlines) != pool.idle:
            await asyncio.sleep(0.001)
        while sum(not writer.transport.is_closing() for writer in upstream.writers) != pool.idle:
            await asyncio.sleep(0.001)
        assert pool.busy == 0


async def _ask_or_leave(pool: Pool) -> None:
    connection = await pool.checkout()
    try:
        await ask_on(connection).over()
    except asyncio.CancelledError:
        connection.cancel()
        raise


async def test_a_connection_that_dies_before_its_caller_has_it_is_not_waited_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with raw_upstream(answering(ANSWER)) as upstream, pool_to(upstream.port) as pool:
        obtain = pool._obtain

        async def obtain_and_lose() -> UpstreamConnection:
            connection = await obtain()
            asyncio.get_running_loop().call_soon(connection.connection_lost, None)
            connection.transport.abort()
            return connection

        monkeypatch.setattr(pool, "_obtain", obtain_and_lose)
        with pytest.raises(UpstreamUnreachable, match="closed the connection at once"):
            await pool.checkout()
        assert pool.busy == 0


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

from __future__ import annotations

import asyncio
import socket

import pytest

from penstock.app import sockets
from penstock.app.sockets import bind_for_workers, close_all, port_of
from penstock.core.errors import OperatorError


async def test_all_sets_share_a_free_port_and_take_connections() -> None:
    opened = await bind_for_workers("127.0.0.1", 0, 3)
    assert len({each[0].getsockname() for each in opened}) == 1
    for _ in range(10):
        socket.create_connection(("127.0.0.1", port_of(opened))).close()
    port = port_of(opened)
    close_all(opened)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_a_port_that_others_listen_on_is_taken_even_if_they_would_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "TRIES", 2)
    others = await bind_for_workers("127.0.0.1", 0, 1)
    with pytest.raises(
        OperatorError, match=rf"cannot listen on 127\.0\.0\.1:{port_of(others)}: Address already in use"
    ):
        await bind_for_workers("127.0.0.1", port_of(others), 2)
    close_all(others)


async def test_a_port_that_becomes_free_within_moments_is_taken() -> None:
    others = await bind_for_workers("127.0.0.1", 0, 1)
    port = port_of(others)
    asyncio.get_running_loop().call_later(0.1, close_all, others)
    opened = await bind_for_workers("127.0.0.1", port, 2)
    assert port_of(opened) == port
    close_all(opened)


async def test_a_name_for_several_addresses_is_bound_at_each() -> None:
    opened = await bind_for_workers("localhost", 0, 2)
    families = {each.family for one in opened for each in one}
    assert families <= {socket.AF_INET, socket.AF_INET6}
    assert len({each.getsockname()[1] for one in opened for each in one}) == 1
    close_all(opened)


async def test_an_address_that_is_not_ours_is_the_operators_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "TRIES", 1)
    with pytest.raises(OperatorError, match=r"cannot listen on 192\.0\.2\.1:0: "):
        await bind_for_workers("192.0.2.1", 0, 2)

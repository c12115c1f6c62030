from __future__ import annotations

import asyncio
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.app.sockets import Addresses, Bound, bind
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Listener

FREE = Listener(port=0)


def at(bound: Bound) -> Listener:
    return Listener(port=bound.port)


def connect(bound: Bound) -> None:
    if bound.is_unix:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(bound.address.removeprefix("unix:"))
    else:
        socket.create_connection(("127.0.0.1", bound.port)).close()


async def test_all_sets_share_a_free_port_and_take_connections() -> None:
    bound = await bind(FREE, 3)
    assert len({each[0].getsockname() for each in bound.sets}) == 1
    assert len({bound.of(worker)[0].fileno() for worker in range(3)}) == 3
    assert bound.lent_by(1) == bound.of(1)
    for _ in range(10):
        connect(bound)
    bound.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 1))


async def test_a_port_that_others_listen_on_is_taken_even_if_they_would_share() -> None:
    others = await bind(FREE)
    with pytest.raises(OperatorError, match=rf"cannot listen on 127\.0\.0\.1:{others.port}: Address already in use"):
        await bind(at(others), 2, 2)
    others.close()


async def test_a_port_that_becomes_free_within_moments_is_taken() -> None:
    others = await bind(FREE)
    asyncio.get_running_loop().call_later(0.1, others.close)
    place = at(others)
    opened = await bind(place, 2, 20)
    assert opened.port == place.port
    opened.close()


async def test_a_name_for_several_addresses_is_bound_at_each() -> None:
    opened = await bind(Listener(host="localhost", port=0), 2)
    families = {each.family for one in opened.sets for each in one}
    assert families <= {socket.AF_INET, socket.AF_INET6}
    assert len({each.getsockname()[1] for one in opened.sets for each in one}) == 1
    assert opened.url == f"localhost:{opened.port}"
    opened.close()


async def test_an_address_that_is_not_ours_is_the_operators_error_at_once() -> None:
    with pytest.raises(OperatorError, match=r"cannot listen on 192\.0\.2\.1:0: "):
        await bind(Listener(host="192.0.2.1", port=0), 2, 1_000_000)


async def test_all_workers_accept_from_one_unix_socket(tmp_path: Path) -> None:
    bound = await bind(Listener(unix=str(tmp_path / "s")), 3)
    assert bound.of(0) is bound.of(2)
    assert bound.lent_by(1) == []
    assert (bound.url, bound.port) == (f"unix:{tmp_path}/s", 0)
    connect(bound)
    bound.give_up()
    assert not (tmp_path / "s").exists()


async def test_what_stays_keeps_its_sockets_and_what_goes_is_closed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    addresses = Addresses(2)
    first = [FREE, Listener(unix=str(tmp_path / "a"))]
    addresses.adopt(await addresses.open(first), first)
    assert caplog.messages == []
    stays, goes = addresses.bound.values()

    second = [FREE, Listener(host="127.0.0.2", port=0)]
    opened = await addresses.open(second)
    connect(goes)  # until the change is whole
    addresses.adopt(opened, second)
    assert addresses.bound[FREE.address] is stays
    connect(stays)
    assert not (tmp_path / "a").exists()
    added = opened["127.0.0.2:0"]
    assert caplog.messages == [f"listens on unix:{tmp_path}/a no more", f"listens on {added.url} too"]
    addresses.give_up()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", added.port))


async def test_one_address_that_cannot_be_opened_leaves_everything_as_it_was(tmp_path: Path) -> None:
    addresses = Addresses()
    addresses.adopt(await addresses.open([FREE]), [FREE])
    taken = await bind(FREE)
    new = [Listener(unix=str(tmp_path / "new")), Listener(host="127.0.0.2", port=0), at(taken)]
    with pytest.raises(OperatorError, match=f"cannot listen on {at(taken).address}: "):
        await addresses.open(new)
    assert list(addresses.bound) == [FREE.address]
    assert list(tmp_path.iterdir()) == []
    connect(addresses.bound[FREE.address])
    taken.close()
    addresses.give_up()


async def test_an_address_may_widen_to_one_that_takes_it_in() -> None:
    addresses = Addresses(2)
    addresses.adopt(await addresses.open([FREE]), [FREE])
    port = addresses.bound[FREE.address].port
    wide = [Listener(host="0.0.0.0", port=port)]
    addresses.adopt(await addresses.open(wide), wide)
    assert list(addresses.bound) == [f"0.0.0.0:{port}"]
    connect(addresses.bound[f"0.0.0.0:{port}"])
    socket.create_connection(("127.0.0.2", port)).close()
    addresses.give_up()


async def test_permissions_of_a_unix_socket_change_while_it_listens(tmp_path: Path) -> None:
    path = tmp_path / "s"
    place = Listener(unix=str(path))
    addresses = Addresses()
    for mode in (0o600, 0o660):
        listeners = [replace(place, unix_mode=mode)]
        addresses.adopt(await addresses.open(listeners), listeners)
        assert stat.S_IMODE(path.stat().st_mode) == mode
    addresses.give_up()

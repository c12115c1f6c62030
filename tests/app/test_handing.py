from __future__ import annotations

import socket
from pathlib import Path

import pytest

from penstock.app.handing import Handed, hand_over, take_over
from penstock.app.sockets import bind
from penstock.relay.snapshot import Listener


async def test_sockets_arrive_with_their_numbers_and_in_their_sets(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    handed: Handed = {}
    take_over(theirs, handed)
    assert handed == {}

    many = await bind(Listener(host="127.0.0.1", port=0), 410)  # more than the system takes at once
    one = await bind(Listener(unix=str(tmp_path / "s")), 2)
    hand_over(ours, many)
    hand_over(ours, one)
    take_over(theirs, handed)

    assert list(handed) == [many.number, one.number]
    assert [len(each) for each in handed[many.number]] == [1] * 410
    inodes = [[each.fileno() for each in one] for one in handed[many.number]]
    assert len({number for each in inodes for number in each}) == 410
    assert {each[0].getsockname() for each in handed[many.number]} == {("127.0.0.1", many.port)}
    assert [each.getsockname() for each in handed[one.number][0]] == [str(tmp_path / "s")]
    for bound in (many, one):
        bound.give_up()
    for sets in handed.values():
        for each in sets:
            each[0].close()
    ours.close()
    take_over(theirs, handed)
    theirs.close()


async def test_to_nobody_nothing_can_be_handed() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    bound = await bind(Listener(port=0))
    with pytest.raises(OSError, match="Broken pipe"):
        hand_over(ours, bound)
    bound.close()
    ours.close()

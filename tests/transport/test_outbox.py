from __future__ import annotations

import asyncio

from penstock.transport.outbox import Outbox


class Writer:
    def __init__(self, outbox: Outbox, order: list[str], name: str) -> None:
        self.outbox = outbox
        self.order = order
        self.name = name
        self.writes_again = False

    def flush(self) -> None:
        self.order.append(self.name)
        if self.writes_again:
            self.writes_again = False
            self.outbox.add(self)


async def test_what_was_written_in_one_turn_is_sent_at_its_end_in_order() -> None:
    order: list[str] = []
    outbox = Outbox(asyncio.get_running_loop())
    for name in ("first", "second"):
        outbox.add(Writer(outbox, order, name))

    assert order == []
    await asyncio.sleep(0)
    assert order == ["first", "second"]


async def test_who_writes_while_the_turn_is_sent_is_sent_in_the_next() -> None:
    order: list[str] = []
    outbox = Outbox(asyncio.get_running_loop())
    writer = Writer(outbox, order, "again")
    writer.writes_again = True
    outbox.add(writer)

    await asyncio.sleep(0)
    assert order == ["again"]
    await asyncio.sleep(0)
    assert order == ["again", "again"]


async def test_each_turn_is_sent_once() -> None:
    order: list[str] = []
    outbox = Outbox(asyncio.get_running_loop())
    outbox.add(Writer(outbox, order, "once"))
    for _ in range(3):
        await asyncio.sleep(0)

    assert order == ["once"]


async def test_one_that_fails_does_not_keep_the_others_from_sending() -> None:
    class Failing(Writer):
        def flush(self) -> None:
            raise RuntimeError

    loop = asyncio.get_running_loop()
    problems: list[str] = []
    loop.set_exception_handler(lambda _, context: problems.append(context["message"]))
    order: list[str] = []
    outbox = Outbox(loop)
    outbox.add(Writer(outbox, order, "before"))
    outbox.add(Failing(outbox, order, "failing"))
    outbox.add(Writer(outbox, order, "behind"))
    outbox.add(Writer(outbox, order, "last"))

    for _ in range(3):
        await asyncio.sleep(0)
    assert order == ["before", "behind", "last"]
    assert len(problems) == 1

"""A worker's answers, from inside its process; the whole process is tested with its slot and its supervisor."""

from __future__ import annotations

import asyncio
import socket

from penstock.app.channel import (
    Answer,
    Asked,
    Borrow,
    Commit,
    Configure,
    Drain,
    Forget,
    GiveBack,
    Question,
    Report,
    open_stream,
    read_frame,
)
from penstock.app.handing import hand_over
from penstock.app.sockets import Bound, bind
from penstock.app.worker import Setup, Worker
from penstock.config.loaded import NO_OVERRIDES
from penstock.relay.snapshot import Listener
from tests.relay.plain_client import ask


def text(model: str, bound: list[Bound], more: str = "") -> Configure:
    listeners = ", ".join(each.address for each in bound)
    content = (
        "backends: {up: {provider: vllm, base_url: http://127.0.0.1:9/v1}}\n"
        f"models: {{{model}: up}}\nlisteners: [{listeners}]\n{more}"
    )
    return Configure(
        files=("a.yaml",),
        overrides=NO_OVERRIDES,
        contents={"a.yaml": content.encode()},
        sockets={each.address: each.number for each in bound},
    )


async def test_what_is_built_is_served_only_when_it_is_told_to() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await open_stream(ours)
    _, their_writer = await open_stream(theirs)
    handing, taking = socket.socketpair()
    taking.setblocking(False)
    first, second = await bind(Listener(port=0), 2), await bind(Listener(host="127.0.0.2", port=0), 2)
    setup = Setup(worker=0, channel=0, handing=0, grace_s=0, log_level="info")
    worker = Worker(setup, taking, their_writer)

    async def told(question: Question) -> Answer:
        await worker.answer(Asked(1, question))
        answer = await read_frame(reader, Answer)
        assert answer is not None
        return answer

    async def models(bound: Bound = first) -> list[str]:
        listed = await ask(f"http://{bound.url}", path="/v1/models", method="GET")
        return [each["id"] for each in listed.json["data"]]

    assert (await told(Commit())).problem == "not now"
    assert (await told(Report())).readings == []
    hand_over(handing, first)
    assert (await told(text("one", [first]))).problem is None
    assert (await told(Borrow(1))).problem is None  # so that one process answers whichever socket is asked
    assert await models() == ["one"]
    hand_over(handing, second)
    assert (await told(text("two", [first, second]))).problem is None
    assert await models() == ["one"]
    assert (await told(Forget())).problem is None
    assert list(worker._handed) == [first.number]
    assert (await told(Commit())).problem == "not now"
    hand_over(handing, second)
    assert (await told(text("two", [first, second]))).problem is None
    assert (await told(Commit())).problem is None
    for _ in range(6):  # what was borrowed is borrowed at a new address too
        assert await models() == await models(second) == ["two"]
    assert "modls: unknown key" in str((await told(text("three", [first], "modls: {}\n"))).problem)
    assert (await told(Forget())).problem is None
    assert await models() == ["two"]
    assert (await told(text("two", [second]))).problem is None
    assert (await told(Commit())).problem is None
    assert list(worker._handed) == [second.number]
    assert await models(second) == ["two"]
    assert "penstock_requests_total" in {reading.name for reading in (await told(Report())).readings}
    assert (await told(GiveBack(1))).problem is None

    await worker.answer(Asked(7, Drain(0)))
    assert worker.leaving.is_set()
    leaving = asyncio.create_task(worker.leave())
    last = await read_frame(reader, Answer)
    await leaving
    assert last is not None
    assert last.number == 7
    assert last.readings
    assert worker._handed == {}
    for bound in (first, second):
        bound.close()
    handing.close()
    taking.close()
    writer.close()

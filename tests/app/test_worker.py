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
from penstock.app.sockets import bind_for_workers, port_of
from penstock.app.worker import Setup, Worker
from penstock.config.loaded import NO_OVERRIDES
from tests.relay.plain_client import ask


def text(model: str, more: str = "") -> Configure:
    content = f"backends: {{up: {{provider: vllm, base_url: http://127.0.0.1:9/v1}}}}\nmodels: {{{model}: up}}\n{more}"
    return Configure(files=("a.yaml",), overrides=NO_OVERRIDES, contents={"a.yaml": content.encode()})


async def test_what_is_built_is_served_only_when_it_is_told_to() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await open_stream(ours)
    _, their_writer = await open_stream(theirs)
    sockets = await bind_for_workers("127.0.0.1", 0, 2)
    url = f"http://127.0.0.1:{port_of(sockets)}"
    setup = Setup(worker=0, channel=0, sockets=[], grace_s=0, log_level="info")
    worker = Worker(setup, sockets, their_writer)

    async def told(question: Question) -> Answer:
        await worker.answer(Asked(1, question))
        answer = await read_frame(reader, Answer)
        assert answer is not None
        return answer

    async def models() -> list[str]:
        return [each["id"] for each in (await ask(url, path="/v1/models", method="GET")).json["data"]]

    assert (await told(Commit())).problem == "not now"
    assert (await told(Report())).readings == []
    assert (await told(text("one"))).problem is None
    assert (await told(Borrow(1))).problem is None  # so that one process answers whichever socket is asked
    assert await models() == ["one"]
    assert (await told(text("two"))).problem is None
    assert await models() == ["one"]
    assert (await told(Forget())).problem is None
    assert (await told(Commit())).problem == "not now"
    assert (await told(text("two"))).problem is None
    assert (await told(Commit())).problem is None
    assert await models() == ["two"]
    assert "modls: unknown key" in str((await told(text("three", "modls: {}\n"))).problem)
    assert await models() == ["two"]
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
    assert all(each.fileno() == -1 for one in sockets for each in one)
    writer.close()

"""Questions and answers over a real socket pair."""

from __future__ import annotations

import asyncio
import socket

import pytest

from penstock.app.channel import (
    Answer,
    Asked,
    ChannelClosed,
    Configure,
    Drain,
    Report,
    WorkerChannel,
    open_stream,
    read_frame,
    write_frame,
)
from penstock.config.address import Address
from penstock.config.loaded import Overrides

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pair(unasked: list[Answer]) -> tuple[WorkerChannel, Streams]:
    ours, theirs = socket.socketpair()
    return WorkerChannel(*await open_stream(ours), unasked.append), await open_stream(theirs)


async def test_answers_find_their_questions_in_any_order() -> None:
    unasked: list[Answer] = []
    channel, (reader, writer) = await pair(unasked)
    asking = [asyncio.create_task(channel.ask(question)) for question in (Report(), Drain(1.5))]
    asked = [await read_frame(reader, Asked) for _ in range(2)]
    assert [each.question for each in asked if each] == [Report(), Drain(1.5)]
    for each in reversed(asked):
        assert each is not None
        write_frame(writer, Answer(number=each.number, problem=f"{each.question}"))
    assert [(await each).problem for each in asking] == ["Report()", "Drain(grace_s=1.5)"]
    write_frame(writer, Answer(number=0))
    writer.close()
    with pytest.raises(ChannelClosed):
        await channel.ask(Report())
    assert unasked == [Answer(number=0)]


async def test_a_configuration_travels_whole() -> None:
    channel, (reader, writer) = await pair([])
    question = Configure(
        files=("a.yaml",),
        overrides=Overrides(listen=(Address("::1", 7), Address(path="/s")), allow_anonymous=True),
        contents={"a.yaml": b"\xff\x00 bytes", "b": b"x" * 5_000_000},
        sockets={"127.0.0.1:0": 3, "unix:/s": 4},
    )
    asking = asyncio.create_task(channel.ask(question))
    asked = await read_frame(reader, Asked)
    assert asked is not None
    assert asked.question == question
    writer.close()
    with pytest.raises(ChannelClosed):
        await asking


async def test_a_worker_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    channel, (_, writer) = await pair([])
    with pytest.raises(ChannelClosed, match=r"no answer within 0\.01 s"):
        await channel.ask(Report(), 0.01)
    channel.close()
    write_frame(writer, Answer(number=0))
    writer.close()
    write_frame(writer, Answer(number=0))  # to nobody

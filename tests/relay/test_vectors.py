"""Every exchange vector, replayed on real sockets: whole, byte by byte, and cut at random, in every framing.

A new case is a file and no code.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.relay.exchange_vector import Vector, all_vectors
from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import (
    CLOSE,
    LAST_CHUNK,
    Received,
    Script,
    ScriptedUpstream,
    chunk,
)
from tests.relay.served_gateway import KEY, Served
from tests.relay.told_gateway import gateway_on_a_loop

VECTORS = all_vectors()
FRAMINGS = ("chunked", "length", "close")
FRAMING_HEADERS = {b"content-length", b"transfer-encoding", b"connection"}
SOURCE = re.compile(r"by hand|documented https://\S+ \d{4}-\d\d-\d\d|recorded \d{4}-\d\d-\d\d")

Cut = Callable[[bytes], Iterable[bytes]]

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


def whole(data: bytes) -> Iterable[bytes]:
    return [data]


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def at(places: list[int]) -> Cut:
    """Cut at these places, each taken modulo the length."""

    def cut(data: bytes) -> Iterable[bytes]:
        ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
        return [data[start:end] for start, end in pairwise(ends)]

    return cut


def wire_form(vector: Vector, framing: str, chunks: Cut = whole) -> tuple[bytes, bool]:
    """Return the upstream's answer as bytes of HTTP, and whether the connection must be closed behind it."""
    message = vector.upstream_answer
    lines = [f"HTTP/1.1 {message.first} Whatever", *(f"{name}: {value}" for name, value in message.headers)]
    body = message.body
    if framing == "chunked":
        lines.append("transfer-encoding: chunked")
        body = b"".join(chunk(piece) for piece in chunks(body) if piece) + LAST_CHUNK
    elif framing == "length":
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body, framing == "close"


def script_of(vector: Vector, framing: str, cut: Cut, chunks: Cut = whole) -> Script:
    data, closes = wire_form(vector, framing, chunks)
    return [*cut(data), *([CLOSE] if closes else [])]


class Rig:
    """An upstream and a gateway, on a loop of their own, through which a vector is replayed again and again."""

    def __init__(self, runner: asyncio.Runner, upstream: ScriptedUpstream, gateway: Served) -> None:
        self._runner, self._upstream, self._gateway = runner, upstream, gateway
        self._lines = 0

    def replay(self, vector: Vector, script: Script) -> None:
        self._runner.run(self._replay(vector, script))

    async def _replay(self, vector: Vector, script: Script) -> None:
        self._upstream.received.clear()
        self._upstream.answer = lambda _: script
        request = vector.request
        answered = await ask(self._gateway.url, request.body, path=request.first, headers=request.headers)
        self._lines += 1
        line = (await self._gateway.log(self._lines))[-1]
        check_request(vector, self._upstream.request, self._upstream.port)
        check_answer(vector, answered, line["request_id"])
        check_record(vector, line)


@contextmanager
def rig(vector: Vector, folder: Path) -> Iterator[Rig]:
    with gateway_on_a_loop(vector.snapshot, folder / "access.log") as parts:
        yield Rig(*parts)


def check_request(vector: Vector, received: Received, port: int) -> None:
    expected = vector.upstream_request
    assert received.body == expected.body
    lines = [f"POST {expected.first} HTTP/1.1", *(f"{name}: {value}" for name, value in expected.headers)]
    lines.append(f"content-length: {len(received.body)}")
    text = "\n".join(lines).replace("HOST", f"127.0.0.1:{port}").replace("KEY", KEY)
    assert b"\n".join(received.lines).decode() == text


def check_answer(vector: Vector, answered: Answered, request_id: str) -> None:
    expected = vector.answer
    assert answered.status == int(expected.first)
    headers = [f"{name.decode()}: {value.decode()}" for name, value in answered.headers if name not in FRAMING_HEADERS]
    assert headers == [f"{name}: {value}".replace("REQUEST-ID", request_id) for name, value in expected.headers]
    assert answered.body == expected.body.replace(b"REQUEST-ID", request_id.encode())
    assert answered.whole == (vector.outcome == "done" or answered.status >= 400)


def check_record(vector: Vector, line: dict[str, Any]) -> None:
    assert line["outcome"] == vector.outcome
    assert line.get("usage") == vector.usage
    assert [f"{loss['kind']} {loss['path']}" for loss in line.get("losses", [])] == vector.losses
    assert line["model"] == vector.model
    assert line["provider"] == vector.provider.id


@each_vector
def test_a_vector_says_what_it_is_about_and_where_it_comes_from(vector: Vector) -> None:
    assert vector.fields["about"]
    assert SOURCE.fullmatch(vector.fields["source"])


@each_vector
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_exchange_is_relayed_whole(vector: Vector, framing: str, tmp_path: Path) -> None:
    with rig(vector, tmp_path) as gateway:
        gateway.replay(vector, script_of(vector, framing, whole))


@each_vector
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_exchange_is_relayed_byte_by_byte(vector: Vector, framing: str, tmp_path: Path) -> None:
    with rig(vector, tmp_path) as gateway:
        gateway.replay(vector, script_of(vector, framing, byte_by_byte))


@each_vector
def test_an_exchange_does_not_depend_on_where_the_network_cuts_it(vector: Vector, tmp_path: Path) -> None:
    places = st.lists(st.integers(0, 1 << 16), max_size=12)
    with rig(vector, tmp_path) as gateway:

        @settings(max_examples=12)
        @given(st.sampled_from(FRAMINGS), places, places)
        def replay(framing: str, cuts: list[int], chunks: list[int]) -> None:
            gateway.replay(vector, script_of(vector, framing, at(cuts), at(chunks)))

        replay()

"""Smuggling and malformed requests: each vector must end as it says, however its bytes arrive."""

from __future__ import annotations

import random

import pytest

from penstock.transport.server_limits import ServerLimits
from tests.transport.conftest import Serve
from tests.transport.cuts import cut_at
from tests.transport.driven_server import driven_server, read_answers
from tests.transport.http_vector import HttpVector, read_vector, vector_names
from tests.transport.raw_client import connected
from tests.transport.recording_app import Asked, RecordingApp

LIMITS = ServerLimits(body_bytes=1000)


def random_cuts(data: bytes, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    return cut_at(data, sorted(chance.randrange(len(data)) for _ in range(8)))


def drops(data: bytes) -> list[bytes]:
    """Return a short case byte by byte, and a long one in pieces of many bytes."""
    size = 1 if len(data) < 5000 else 997
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("name", vector_names())
def test_a_vector_ends_as_it_says_at_every_cut(name: str) -> None:
    vector = read_vector(name)
    for pieces in ([vector.sent], drops(vector.sent), *[random_cuts(vector.sent, seed) for seed in range(6)]):
        with driven_server(limits=LIMITS) as server:
            server.feed(*pieces)
            check_requests(vector, server.app.asked)
            ends = server.transport.closing or server.transport.half_closed
            check_answers(vector, server.written, ended=ends)


async def test_every_vector_ends_as_it_says_over_a_socket(serve: Serve) -> None:
    app = RecordingApp()
    server = await serve(app, body_bytes=LIMITS.body_bytes)
    for name in vector_names():
        vector = read_vector(name)
        app.asked.clear()
        async with connected(server) as client:
            client.send(vector.sent)
            written = b""
            for method, _, _ in vector.accepted:
                written += b"".join(await client.read_answer(with_body=method != "HEAD"))
            if vector.closed:
                written += await client.read_to_end()
        check_requests(vector, app.asked)
        check_answers(vector, written, ended=vector.closed)


def check_requests(vector: HttpVector, asked: list[Asked]) -> None:
    found = [(one.method, one.path + ("?" + one.query if one.query else ""), one.body) for one in asked]
    assert found == vector.accepted
    names = [name for one in asked for name, _ in one.headers]
    assert not set(vector.never) & set(names)
    if vector.host is not None:
        assert dict(asked[0].headers)[b"host"] == vector.host


def check_answers(vector: HttpVector, written: bytes, *, ended: bool) -> None:
    answers = list(read_answers(written, [method for method, _, _ in vector.accepted]))
    expected = [200] * len(vector.accepted)
    if vector.refused is not None:
        assert answers[-1] == (vector.refused[0], vector.refused[1].encode())
        answers.pop()
    assert [status for status, _ in answers] == expected
    assert ended is vector.closed

"""However little of an answer may be inspected, all of it reaches the caller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.relay.snapshot import Limits
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import scripted_upstream
from tests.relay.served_gateway import backend_at, served, snapshot_of

BODY = b'{"choices":[{"finish_reason":"stop"}],"padding":"%b"}' % (b"x" * 5000)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


@pytest.mark.parametrize("limit_bytes", [1, 4096, len(BODY) - 1, len(BODY), len(BODY) + 1])
@pytest.mark.parametrize("piece_bytes", [700, 100_000])
async def test_an_answer_beyond_the_limit_is_relayed_whole(limit_bytes: int, piece_bytes: int) -> None:
    script = [ANSWER[start : start + piece_bytes] for start in range(0, len(ANSWER), piece_bytes)]
    async with scripted_upstream(script) as upstream:
        snapshot = snapshot_of(backend_at(upstream.port))
        listener = replace(snapshot.listener, limits=Limits(inspected_answer_bytes=limit_bytes))
        async with served(replace(snapshot, listener=listener)) as gateway:
            answered = await ask(gateway.url, body=b'{"model":"gpt","messages":[]}')
    assert answered.body == BODY

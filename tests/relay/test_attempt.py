from __future__ import annotations

import json
from typing import Any

import pytest

from tests.relay.plain_client import Answered, ask
from tests.relay.scripted_upstream import Received, Script, json_answer, scripted_upstream
from tests.relay.served_gateway import backend_at, served, snapshot_of

WHOLE = json_answer(b'{"choices":[]}')


async def attempted(
    body: bytes, *, script: Script = WHOLE, upstream_model: str | None = None, **request: Any
) -> tuple[Answered, list[Received]]:
    """Ask once; return the answer and what the upstream received."""
    async with scripted_upstream(script) as upstream:
        snapshot = snapshot_of(backend_at(upstream.port), models={"gpt": upstream_model})
        async with served(snapshot) as gateway:
            answered = await ask(gateway.url, body, **request)
            return answered, upstream.received


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_and_its_address_not_told(status: int) -> None:
    script = [b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:9/secret\r\nContent-Length: 0\r\n\r\n" % status]
    answered, received = await attempted(b'{"model":"gpt"}', script=script)

    assert (answered.status, json.loads(answered.body)["error"]["code"]) == (502, "upstream_invalid")
    assert b"secret" not in answered.body
    assert len(received) == 1


async def test_the_body_goes_up_untouched_when_nothing_must_change() -> None:
    body = b' {"x" : 1.50,\t"model":"gpt", "y":[1e3 ]}\n'
    _, received = await attempted(body)
    assert received[0].body == body


async def test_only_the_model_is_spliced() -> None:
    _, received = await attempted(b' {"x" : 1.50,\t"model": "gpt" , "y":[1e3 ]}\n', upstream_model="real/1")
    assert received[0].body == b' {"x" : 1.50,\t"model": "real/1" , "y":[1e3 ]}\n'


async def test_a_large_body_is_spliced_alike() -> None:
    text = json.dumps("long “text”\n" * 20_000).encode()
    _, received = await attempted(b'{"messages":' + text + b',"model":"gpt"}', upstream_model="real")
    assert received[0].body == b'{"messages":' + text + b',"model":"real"}'


async def test_a_stream_is_asked_for_its_usage_and_without_compression() -> None:
    _, received = await attempted(b'{"model":"gpt","stream":true}', headers=[("accept-encoding", "gzip, br")])

    assert json.loads(received[0].body)["stream_options"] == {"include_usage": True}
    assert received[0].values(b"accept-encoding") == [b"identity"]


async def test_a_whole_answer_may_come_in_codings_that_can_be_read() -> None:
    _, received = await attempted(b'{"model":"gpt"}', headers=[("accept-encoding", "zstd, gzip;q=0.5, br")])
    assert received[0].values(b"accept-encoding") == [b"gzip;q=0.5, br"]

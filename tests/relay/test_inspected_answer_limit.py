"""However little of an answer may be inspected, all of it reaches the caller; what a translation holds is bounded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from penstock.relay.snapshot import Limits
from tests.relay.plain_client import ask
from tests.relay.scripted_upstream import HOLD, scripted_upstream
from tests.relay.served_gateway import backend_at, served, snapshot_of
from tests.relay.test_translated import START, STREAM, Json, as_events, chunks_of, gateway_to, stream_of

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


@pytest.mark.parametrize(
    ("begins", "endless", "body"),
    [
        pytest.param(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "h" * 500}},
            STREAM,
            id="thinking that is shown, and said again with its signature",
        ),
        pytest.param(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": "s"}},
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": "1" * 500},
            },
            STREAM,
            id="a vendor's own block",
        ),
        pytest.param(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "h" * 500}},
            STREAM[:-1] + b',"response_format":{"type":"json_object"}}',
            id="text that may be in front of the answer's tool",
        ),
    ],
)
async def test_a_stream_that_makes_us_hold_too_much_ends_in_an_error(
    begins: Json, endless: Json, body: bytes, tmp_path: Path
) -> None:
    limits = Limits(inspected_answer_bytes=64 * 1024)
    text = {"type": "content_block_start", "index": 9, "content_block": {"type": "redacted_thinking", "data": "eA=="}}
    script = stream_of(as_events([START, text, begins, *[endless] * 1000]), "text/event-stream", 100, [HOLD])
    async with gateway_to("anthropic", script, log=tmp_path / "log", limits=limits) as (gateway, upstream):
        answered = await ask(gateway.url, body)
        await upstream.until_left()
        (line,) = await gateway.log()

    assert answered.status == 200
    assert [chunk["error"]["code"] for chunk in chunks_of(answered) if "error" in chunk] == ["upstream_invalid"]
    assert b"[DONE]" not in answered.body
    assert line["outcome"] == "error"
    assert "translated whole" in line["error"]

"""Whatever an upstream sends, cut anywhere: its caller gets a whole answer or a visible cut, and the log says which."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.relay.scripted_upstream import CLOSE, RESET
from tests.relay.served_gateway import backend_at, snapshot_of
from tests.relay.told_gateway import told_gateway

WHOLE = b'{"model":"gpt","messages":[]}'
STREAMED = b'{"model":"gpt","messages":[],"stream":true}'
EVENTS = (
    b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n: ping\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\r\n\r\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\ndata: [DONE]\n\n'
)
ANSWERS = [
    b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 26\r\n\r\n{"choices":[],"usage":null}',
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + EVENTS,
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    % (len(EVENTS), EVENTS),
    b'HTTP/1.1 429 No\r\ncontent-type: text/plain\r\ncontent-length: 20\r\n\r\n{"detail":"not now"}',
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
]


@st.composite
def spoilt_answers(draw: st.DrawFn) -> bytes:
    """An answer with a few bytes taken out, put in or changed."""
    answer = bytearray(draw(st.sampled_from(ANSWERS)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(answer)))
        end = min(len(answer), start + draw(st.integers(0, 4)))
        answer[start:end] = draw(st.binary(max_size=4) | st.sampled_from([b"\r\n", b"\n\n", b"\xff", b"0", b"{", b'"']))
    return bytes(answer)


def test_any_answer_of_an_upstream_ends_in_one_of_the_ways_that_the_log_says(tmp_path: Path) -> None:
    with told_gateway(lambda port: snapshot_of(backend_at(port)), tmp_path / "log") as gateway:

        @settings(max_examples=300)
        @given(
            st.binary(max_size=60) | spoilt_answers(),
            st.lists(st.integers(0, 600), max_size=6),
            st.sampled_from([CLOSE, RESET]),
            st.sampled_from([WHOLE, STREAMED]),
        )
        @example(b"", [], CLOSE, WHOLE)
        def ends(answer: bytes, cuts: list[int], ending: Any, body: bytes) -> None:
            places = sorted({place % (len(answer) + 1) for place in cuts} | {0, len(answer)})
            script = [*(answer[start:end] for start, end in pairwise(places)), ending]
            answered, line = gateway.ask(script, body)
            assert line["status"] == answered.status
            assert line["response_bytes"] <= len(answered.body)
            if answered.status >= 400:
                assert answered.error
            elif answered.whole:
                assert line["outcome"] == "done"
                assert line["response_bytes"] == len(answered.body)
            else:
                assert line["outcome"] == "error"
                assert line["error_code"]

        ends()

"""Our client beside h11's: what ours takes for an answer, h11 takes too and reads alike."""

from __future__ import annotations

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.cuts import cut_at, cuts
from tests.transport.driven_client import driven_client

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \t b \r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"
EMPTY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
ANSWERS = st.sampled_from([LENGTH, CHUNKED, UNTIL_CLOSE, EMPTY, b"HTTP/1.1 100 C\r\n\r\n" + LENGTH])
PUTS = st.sampled_from(
    [
        *[bytes([byte]) for byte in b"\r\n\t\x0b\x00 :;,+-_0123456789fxH/\x7f\x80\xff"],
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ]
)
Verdict = tuple[int, list[tuple[bytes, bytes]], bytes] | None


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return an answer with a place or two changed."""
    data = draw(ANSWERS)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(PUTS) + data[at + draw(st.integers(0, 3)) :]
    return data


def read(pieces: list[bytes]) -> Verdict:
    with driven_client() as client:
        client.feed(*pieces)
        client.end()
        taking = client.taking
        if taking.ends != ["end"] or taking.head is None:
            return None
        return taking.status, taking.head.headers, taking.body


def read_with_h11(data: bytes) -> Verdict:
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=100_000)
    client.send(h11.Request(method="POST", target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    client.receive_data(b"")
    body = b""
    try:
        while isinstance(head := client.next_event(), h11.InformationalResponse):
            pass
        if not isinstance(head, h11.Response):
            return None
        while not isinstance(piece := client.next_event(), h11.EndOfMessage):
            if not isinstance(piece, h11.Data):
                return None
            body += piece.data
    except h11.RemoteProtocolError:
        return None
    return head.status_code, list(head.headers), body


@settings(max_examples=600)
@given(mutated(), st.data())
def test_no_answer_that_h11_refuses_or_reads_otherwise_is_taken(data: bytes, choice: st.DataObject) -> None:
    verdict = read([data])
    if verdict is not None:
        assert verdict == read_with_h11(data)
    assert read(cut_at(data, choice.draw(cuts(data)))) == verdict

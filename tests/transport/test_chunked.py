"""The chunk scanner against h11: the same payload, the same end, at every cut."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.transport.chunked import ChunkedBodyError, ChunkScanner
from tests.transport.cuts import cut_at, cuts

Verdict = tuple[bytes, bytes] | None
"""Payload and what follows the body; None when the body is refused or not complete."""

PIECES = st.binary(min_size=1, max_size=40)
TOKENS = st.text("abz019-_.", min_size=1, max_size=8).map(str.encode)
EXTENSIONS = st.just(b"") | st.builds(lambda name, value: b";" + name + b"=" + value, TOKENS, TOKENS)
TRAILERS = st.lists(st.builds(lambda name, value: b"X-" + name + b": " + value + b"\r\n", TOKENS, TOKENS), max_size=3)


@st.composite
def chunks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return a chunk and its payload."""
    payload = draw(PIECES)
    size = draw(st.sampled_from([b"%x", b"%X", b"%04x", b"%016x"])) % len(payload)
    return size + draw(EXTENSIONS) + b"\r\n" + payload + b"\r\n", payload


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return a chunked body and its payload."""
    parts = draw(st.lists(chunks(), max_size=6))
    last = draw(st.sampled_from([b"0", b"000"])) + draw(EXTENSIONS) + b"\r\n"
    framed = b"".join(chunk for chunk, _ in parts) + last + b"".join(draw(TRAILERS)) + b"\r\n"
    return framed, b"".join(payload for _, payload in parts)


def feed_all(*pieces: bytes) -> None:
    scanner = ChunkScanner()
    for piece in pieces:
        scanner.feed(piece)


def scan(pieces: list[bytes]) -> Verdict:
    scanner = ChunkScanner()
    payload = b""
    for number, piece in enumerate(pieces):
        try:
            payload += scanner.feed(piece)[0]
        except ChunkedBodyError:
            return None
        if scanner.done:
            return payload, scanner.rest + b"".join(pieces[number + 1 :])
    return None


def scan_with_h11(data: bytes) -> Verdict:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.next_event()
    client.receive_data(data)
    payload = b""
    try:
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return None
            payload += event.data
    except h11.RemoteProtocolError:
        return None
    return payload, client.trailing_data[0]


@given(bodies(), st.binary(max_size=20), st.data())
def test_a_body_is_read_alike_at_every_cut(body: tuple[bytes, bytes], rest: bytes, data: st.DataObject) -> None:
    framed, payload = body
    assert scan_with_h11(framed + rest) == (payload, rest)
    assert scan([framed + rest]) == (payload, rest)
    assert scan([bytes([byte]) for byte in framed + rest]) == (payload, rest)
    assert scan(cut_at(framed + rest, data.draw(cuts(framed + rest)))) == (payload, rest)


@settings(max_examples=300)
@given(bodies(), st.data())
def test_what_is_handed_on_as_framed_is_the_payload_in_whole_chunks(
    body: tuple[bytes, bytes], data: st.DataObject
) -> None:
    scanner = ChunkScanner()
    for piece in cut_at(body[0], data.draw(cuts(body[0]))):
        payload, framed = scanner.feed(piece)
        if framed is not None:
            assert piece.startswith(framed)
            assert scan_with_h11(framed + b"0\r\n\r\n") == (payload, b"")
            assert b";" not in framed.partition(b"\r\n")[0]


def test_reads_of_whole_plain_chunks_are_handed_on_as_they_came() -> None:
    scanner = ChunkScanner()
    assert scanner.feed(b"3\r\nabc\r\n") == (b"abc", b"3\r\nabc\r\n")
    assert scanner.feed(b"03\r\nabc\r\nA\r\n0123456789\r\n") == (b"abc0123456789", b"03\r\nabc\r\nA\r\n0123456789\r\n")
    assert scanner.feed(b"3;x\r\nabc\r\n") == (b"abc", None)
    assert scanner.feed(b"3\r\nab") == (b"ab", None)
    assert scanner.feed(b"c\r\n3\r\nabc\r\n") == (b"cabc", None)
    assert scanner.feed(b"3\r\nabc\r\n0\r\n\r\n") == (b"abc", b"3\r\nabc\r\n")
    assert (scanner.done, scanner.rest) == (True, b"")


MUTATIONS = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b" ", b"\t", b";", b":", b"0", b"1", b"f", b"x", b"+", b"-", b"_", b"\x00", b"\x0b", b"g"]
)


@settings(max_examples=800)
@given(
    bodies(), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2), MUTATIONS), min_size=1, max_size=2), st.data()
)
def test_nothing_that_h11_refuses_or_reads_otherwise_is_accepted(
    body: tuple[bytes, bytes], changes: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    framed = body[0]
    for place, gone, put in changes:
        at = place % len(framed)
        framed = framed[:at] + put + framed[at + gone :]
    verdict = scan([framed])
    if verdict is not None:
        assert verdict == scan_with_h11(framed)
    assert scan(cut_at(framed, data.draw(cuts(framed)))) == verdict


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_arbitrary_bytes_are_read_refused_or_waited_for_within_bounds(pieces: list[bytes]) -> None:
    scanner = ChunkScanner()
    for piece in pieces:
        try:
            payload, _ = scanner.feed(piece)
        except ChunkedBodyError:
            return
        assert len(payload) <= len(piece)
        if scanner.done:
            return


@pytest.mark.parametrize(
    "framed",
    [
        b"\r\n",
        b"3 \r\nabc\r\n",
        b" 3\r\nabc\r\n",
        b"0x3\r\nabc\r\n",
        b"+3\r\nabc\r\n",
        b"-3\r\nabc\r\n",
        b"1_0\r\nabc\r\n",
        b"3\nabc\r\n",
        b"3\rabc\r\n",
        b"3\r\nabc\n",
        b"3\r\nabc\r\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nab\r\n\r\n",
        b"3 ;a\r\nabc\r\n",
        b"3;a\nb\r\nabc\r\n",
        b"3;a\rb\r\nabc\r\n",
        b"3;\x00\r\nabc\r\n",
        b";a\r\n\r\n",
        b"10000000000000003\r\nabc\r\n",
        b"g\r\nabc\r\n",
        b"3;" + b"x" * 5000 + b"\r\nabc\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nname : value\r\n\r\n",
        b"0\r\n: value\r\n\r\n",
        b"0\r\na: b\nc: d\r\n\r\n",
        b"0\r\na: b\r\n c\r\n\r\n",
        b"0\r\na: b\x00\r\n\r\n",
        b"0\r\nContent-Length: 3\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0\r\na: " + b"x" * 17_000 + b"\r\n\r\n",
    ],
)
def test_a_malformed_body_is_refused_whole_and_drop_by_drop(framed: bytes) -> None:
    with pytest.raises(ChunkedBodyError):
        feed_all(framed)
    with pytest.raises(ChunkedBodyError):
        feed_all(*[bytes([byte]) for byte in framed])


@pytest.mark.parametrize("start", [b"", b"3;", b"0\r\n", b"0\r\na: "])
def test_a_line_without_end_is_refused_at_a_bound(start: bytes) -> None:
    with pytest.raises(ChunkedBodyError):
        feed_all(start, *[b"0" * 10] * 3000)

"""Compressed answers are looked into within bounds; gzip, zlib and brotli themselves are the oracles."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.relay.content_coding import (
    IDENTITY,
    MAX_RATIO,
    SpoiltCodingError,
    StreamUnpacker,
    UnreadableCodingError,
    decode,
)

Pack = Callable[[bytes], bytes]


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def brotli_pack(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=3))


PACKERS: dict[str, tuple[bytes, Pack]] = {
    "gzip": (b"gzip", gzip.compress),
    "x-gzip": (b"x-gzip", gzip.compress),
    "deflate": (b"deflate", zlib.compress),
    "deflate without its wrapping, as some send it": (b"deflate", raw_deflate),
    "br": (b"br", brotli_pack),
}
EACH_CODING = pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)
STREAM_CODINGS = pytest.mark.parametrize(("coding", "pack"), [PACKERS["gzip"], PACKERS["deflate"]])
LIMIT = 10_000


# --- whole bodies


@EACH_CODING
@given(body=st.binary(max_size=2000))
def test_what_was_packed_is_unpacked(coding: bytes, pack: Pack, body: bytes) -> None:
    assert decode(pack(body), coding, LIMIT) == body


@pytest.mark.parametrize("coding", IDENTITY)
def test_what_was_not_packed_is_the_body_itself(coding: bytes) -> None:
    body = b"x" * 2 * LIMIT
    assert decode(body, coding, LIMIT) is body


@pytest.mark.parametrize("coding", [b"zstd", b"compress", b"gzip, br", b"nonsense", b"\xff"])
def test_another_coding_is_not_understood(coding: bytes) -> None:
    with pytest.raises(UnreadableCodingError, match="not understood") as caught:
        decode(b"body", coding, LIMIT)
    assert not isinstance(caught.value, SpoiltCodingError)


@EACH_CODING
def test_a_body_that_is_cut_anywhere_is_spoilt(coding: bytes, pack: Pack) -> None:
    packed = pack(bytes(range(256)) * 4)
    for end in range(1, len(packed)):
        with pytest.raises(SpoiltCodingError):
            decode(packed[:end], coding, LIMIT)


@EACH_CODING
@given(junk=st.binary(min_size=1, max_size=60))
def test_any_bytes_are_unpacked_or_refused(coding: bytes, pack: Pack, junk: bytes) -> None:
    try:
        plain = decode(junk, coding, LIMIT)
    except UnreadableCodingError:
        return
    assert len(plain) <= LIMIT


@EACH_CODING
def test_a_body_at_the_limit_is_read_and_one_beyond_is_left_to_the_caller(coding: bytes, pack: Pack) -> None:
    body = zlib.compress(bytes(range(256)) * 100)  # hardly packs any further
    assert decode(pack(body), coding, len(body)) == body
    with pytest.raises(UnreadableCodingError, match="more than") as caught:
        decode(pack(body), coding, len(body) - 1)
    assert not isinstance(caught.value, SpoiltCodingError)


@EACH_CODING
def test_a_body_that_bursts_is_spoilt_and_is_not_unpacked(coding: bytes, pack: Pack) -> None:
    bomb = pack(b"\0" * 50_000_000)
    assert len(bomb) * MAX_RATIO < 50_000_000
    tracemalloc.start()
    with pytest.raises(SpoiltCodingError, match=f"{MAX_RATIO} times its size"):
        decode(bomb, coding, 1_000_000 if len(bomb) < 10_000 else len(bomb) * MAX_RATIO)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25_000_000


# --- streams


@STREAM_CODINGS
@given(events=st.lists(st.binary(max_size=200), max_size=8), size=st.integers(1, 50))
def test_a_stream_is_unpacked_as_it_comes(coding: bytes, pack: Pack, events: list[bytes], size: int) -> None:
    packed = pack(b"".join(events))
    unpacker = StreamUnpacker(coding, LIMIT)
    pieces = [unpacker.feed(packed[at : at + size]) for at in range(0, len(packed), size)]
    assert b"".join(pieces) == b"".join(events)


def test_an_event_that_was_flushed_is_there_at_once() -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    unpacker = StreamUnpacker(b"gzip", LIMIT)
    for event in (b"data: 1\n\n", b"data: 2\n\n", b"data: [DONE]\n\n"):
        assert unpacker.feed(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)) == event


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"", b"gzip, gzip"])
def test_a_stream_in_another_coding_is_refused(coding: bytes) -> None:
    with pytest.raises(UnreadableCodingError, match="not understood"):
        StreamUnpacker(coding, LIMIT)


@STREAM_CODINGS
def test_a_stream_that_is_broken_is_refused(coding: bytes, pack: Pack) -> None:
    unpacker = StreamUnpacker(coding, LIMIT)
    with pytest.raises(UnreadableCodingError, match="broken"):
        unpacker.feed(b"not compressed at all")


@STREAM_CODINGS
@pytest.mark.parametrize("unpacked_bytes", [LIMIT + 1, LIMIT + 300, 50_000_000])
def test_a_piece_that_bursts_is_refused(coding: bytes, pack: Pack, unpacked_bytes: int) -> None:
    with pytest.raises(UnreadableCodingError, match="more than"):
        StreamUnpacker(coding, LIMIT).feed(pack(b"\0" * unpacked_bytes))


@STREAM_CODINGS
def test_a_piece_at_the_limit_is_unpacked(coding: bytes, pack: Pack) -> None:
    assert StreamUnpacker(coding, LIMIT).feed(pack(b"\0" * LIMIT)) == b"\0" * LIMIT


@STREAM_CODINGS
def test_what_follows_the_end_of_the_coding_is_dropped_and_not_kept(coding: bytes, pack: Pack) -> None:
    unpacker = StreamUnpacker(coding, LIMIT)
    assert unpacker.feed(pack(b"all") + b"more") == b"all"
    tracemalloc.start()
    for _ in range(50):
        assert unpacker.feed(b"x" * 50_000) == b""
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000

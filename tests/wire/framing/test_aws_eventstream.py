"""AWS event stream framing, against botocore's reader."""

from __future__ import annotations

import struct
from itertools import pairwise
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer, EventStreamMessage
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.framing.aws_eventstream import Frame, FrameSplitter, encode_frame, read_headers

NAMES = st.one_of(st.sampled_from([":event-type", ":message-type", ":content-type"]), st.text(min_size=1, max_size=20))
HEADERS = st.dictionaries(NAMES, st.text(max_size=40), max_size=5)
EVENTS = st.lists(st.tuples(HEADERS, st.binary(max_size=200)), max_size=6)
PLACES = st.lists(st.integers(0, 3000), max_size=12)
ONE = encode_frame({":event-type": "messageStop"}, b'{"stopReason":"end_turn"}')


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


def typed_frame(block: bytes, payload: bytes) -> bytes:
    lengths = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    frame = lengths + struct.pack("!I", crc32(lengths)) + block + payload
    return frame + struct.pack("!I", crc32(frame))


def read_by_botocore(stream: bytes) -> list[EventStreamMessage]:
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    return list(buffer)


@given(EVENTS, PLACES)
def test_frames_are_found_wherever_the_stream_is_cut(
    events: list[tuple[dict[str, str], bytes]], places: list[int]
) -> None:
    stream = b"".join(encode_frame(*event) for event in events)
    splitter = FrameSplitter()
    found = [frame for piece in cut(stream, places) for frame in splitter.feed(piece)]
    assert [(frame.headers, frame.payload) for frame in found] == events
    assert not splitter.held


@given(EVENTS)
def test_botocore_reads_what_is_written(events: list[tuple[dict[str, str], bytes]]) -> None:
    read = read_by_botocore(b"".join(encode_frame(*event) for event in events))
    assert [(message.headers, message.payload) for message in read] == events


VALUES = st.one_of(
    st.just(b"\0"),
    st.just(b"\1"),
    st.binary(min_size=1, max_size=1).map(lambda data: b"\2" + data),
    st.binary(min_size=2, max_size=2).map(lambda data: b"\3" + data),
    st.binary(min_size=4, max_size=4).map(lambda data: b"\4" + data),
    st.binary(min_size=8, max_size=8).map(lambda data: b"\5" + data),
    st.binary(max_size=30).map(lambda data: b"\6" + struct.pack("!H", len(data)) + data),
    st.text(max_size=30).map(lambda text: b"\7" + struct.pack("!H", len(text.encode())) + text.encode()),
    st.binary(min_size=8, max_size=8).map(lambda data: b"\x08" + data),
    st.binary(min_size=16, max_size=16).map(lambda data: b"\x09" + data),
)


@given(st.dictionaries(st.text("abc:-", min_size=1, max_size=9), VALUES, max_size=6))
def test_every_type_of_header_is_read_as_botocore_reads_it(values: dict[str, bytes]) -> None:
    block = b"".join(bytes([len(name)]) + name.encode() + value for name, value in values.items())
    (message,) = read_by_botocore(typed_frame(block, b"{}"))
    strings, others = read_headers(block)
    ours = {name: value.bytes if isinstance(value, UUID) else value for name, value in others.items()}
    assert {**strings, **ours} == message.headers


@given(st.integers(0, len(ONE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_a_frame(place: int, change: int) -> None:
    damaged = bytearray(ONE)
    damaged[place] ^= change
    with pytest.raises(ValueError, match="event stream"):
        FrameSplitter().feed(bytes(damaged))


@given(st.binary(max_size=300), PLACES)
def test_arbitrary_bytes_give_frames_or_a_value_error(stream: bytes, places: list[int]) -> None:
    splitter = FrameSplitter()
    try:
        for piece in cut(stream, places):
            splitter.feed(piece)
    except ValueError:
        return
    assert len(splitter.held) < 12, "without a checksum error only an incomplete prelude is held"


def test_frames_before_a_bad_one_are_returned_first() -> None:
    splitter = FrameSplitter()
    assert [frame.payload for frame in splitter.feed(ONE + b"\0" * 16)] == [b'{"stopReason":"end_turn"}']
    assert splitter.held
    with pytest.raises(ValueError, match="checksum"):
        splitter.feed(b"")


def test_a_bad_frame_stays_bad_however_much_follows() -> None:
    splitter = FrameSplitter()
    for _ in range(2):
        with pytest.raises(ValueError, match="checksum"):
            splitter.feed(b"\0" * 16)


def test_a_frame_over_the_limit_is_refused_before_it_has_come() -> None:
    splitter = FrameSplitter(limit_bytes=1000)
    with pytest.raises(ValueError, match="over the limit of 1000"):
        splitter.feed(encode_frame({}, b"x" * 1000)[:12])


def test_a_cut_frame_is_held() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(ONE[:-1]) == []
    assert splitter.held == ONE[:-1]
    assert splitter.feed(ONE[-1:]) == [Frame({":event-type": "messageStop"}, b'{"stopReason":"end_turn"}', {})]


@pytest.mark.parametrize(
    "block",
    [
        b"\0\7\0\1x",
        b"\1a",
        b"\1a\7",
        b"\1a\7\0",
        b"\1a\7\0\5x",
        b"\1a\4\0",
        b"\1a\x0a",
        b"\1a\0\1a\1",
        b"\1\xff\0",
        b"\5ab",
    ],
)
def test_headers_that_cannot_be_read_are_a_value_error(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"event stream|utf-8"):
        FrameSplitter().feed(typed_frame(block, b"{}"))


def test_lengths_that_cannot_be_are_a_value_error() -> None:
    lengths = struct.pack("!II", 16, 1)
    with pytest.raises(ValueError, match="16 bytes cannot have 1 bytes of headers"):
        FrameSplitter().feed(lengths + struct.pack("!I", crc32(lengths)) + b"\0" * 4)


@pytest.mark.parametrize("headers", [{"": "x"}, {"n" * 256: "x"}, {"n": "x" * 32768}])
def test_what_no_frame_can_hold_is_not_written(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        encode_frame(headers, b"")


def test_a_payload_over_the_limit_of_aws_is_not_written() -> None:
    with pytest.raises(ValueError, match="too large"):
        encode_frame({}, b"x" * (16 * 1024 * 1024))


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 7), PLACES)
def test_a_piece_that_is_one_sound_frame_is_what_feeding_it_gives(
    payload: bytes, place: int, bit: int, places: list[int]
) -> None:
    headers = {":event-type": "chunk", ":message-type": "event"}
    sound = encode_frame(headers, payload)
    damaged = bytearray(sound)
    damaged[place % len(sound)] ^= 1 << bit
    splitter = FrameSplitter()
    assert splitter.only_frame(sound) is None, "its headers have not been read"
    (known,) = splitter.feed(sound)
    assert splitter.only_frame(sound) == known == Frame(headers, payload, {})
    assert splitter.only_frame(bytes(damaged)) is None
    for piece in cut(sound + sound, places):
        if piece != sound:
            assert splitter.only_frame(piece) is None
    assert not splitter.held


def test_a_piece_behind_half_a_frame_is_no_whole_frame() -> None:
    splitter = FrameSplitter()
    assert len(splitter.feed(ONE + ONE[:5])) == 1
    assert splitter.only_frame(ONE) is None
    assert FrameSplitter(len(ONE) - 1).only_frame(ONE) is None

"""A stream cut into named events, whatever its framing and wherever it is cut."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.relay.stream_events import EventCutter, FramedError, StreamFraming
from penstock.wire.framing.aws_eventstream import encode_frame

EVENTS = [b'{"type":"a","n":1}', b'{"type":"b"}', b'{"type":"c","text":"\xc3\xa9"}']
LIMIT = 1000


def as_sse() -> bytes:
    return b": hello\n\n" + b"".join(b"data: %b\r\n\r\n" % event for event in EVENTS)


def as_frames() -> bytes:
    return b"".join(encode_frame({":message-type": "event", ":event-type": "thing"}, event) for event in EVENTS)


def as_invoked() -> bytes:
    def wrap(event: bytes) -> bytes:
        return json.dumps({"bytes": base64.b64encode(event).decode()}).encode()

    headers = {":message-type": "event", ":event-type": "chunk"}
    return b"".join(encode_frame(headers, wrap(event)) for event in EVENTS)


STREAMS: dict[StreamFraming, tuple[bytes, str]] = {
    "sse": (as_sse(), ""),
    "aws_eventstream": (as_frames(), "thing"),
    "invoke": (as_invoked(), ""),
}


@pytest.mark.parametrize("framing", STREAMS)
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_where_a_stream_is_cut_makes_no_difference(framing: StreamFraming, cuts: list[int]) -> None:
    stream, kind = STREAMS[framing]
    cutter = EventCutter(framing, LIMIT)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found = [event for start, end in pairwise(places) for event in cutter.feed(stream[start:end])]
    assert [*found, *cutter.rest()] == [(kind, event) for event in EVENTS]


def test_an_event_without_its_blank_line_is_given_at_the_end() -> None:
    cutter = EventCutter("sse", LIMIT)
    assert list(cutter.feed(b"data: {}\n\ndata: [1]")) == [("", b"{}")]
    assert list(cutter.rest()) == [("", b"[1]")]


def test_half_a_frame_at_the_end_is_refused() -> None:
    cutter = EventCutter("aws_eventstream", LIMIT)
    assert len(list(cutter.feed(as_frames()[:-1]))) == 2
    with pytest.raises(ValueError, match="inside a frame"):
        list(cutter.rest())


@pytest.mark.parametrize("framing", STREAMS)
def test_an_event_that_is_too_long_is_refused(framing: StreamFraming) -> None:
    long = b"data: " + b"x" * LIMIT
    if framing != "sse":
        long = encode_frame({":message-type": "event", ":event-type": "chunk"}, b"x" * LIMIT)
    with pytest.raises(ValueError, match=r"\S"):
        list(EventCutter(framing, LIMIT).feed(long))


def test_events_before_an_exception_come_first() -> None:
    frames = as_frames() + encode_frame({":message-type": "exception", ":exception-type": "validationException"}, b"{}")
    found: list[tuple[str, bytes]] = []
    with pytest.raises(FramedError) as caught:
        found.extend(EventCutter("aws_eventstream", LIMIT).feed(frames))
    assert (caught.value.status, caught.value.name, caught.value.payload) == (400, "validationException", b"{}")


def test_events_before_an_exception_are_given() -> None:
    frames = as_frames() + encode_frame({":message-type": "exception", ":exception-type": "throttlingException"}, b"")
    events = EventCutter("aws_eventstream", LIMIT).feed(frames)
    assert [next(events) for _ in EVENTS] == [("thing", event) for event in EVENTS]
    with pytest.raises(FramedError):
        next(events)


PIECES = st.one_of(
    st.text(alphabet="aedtvn:_ {}\r\n", max_size=24).map(str.encode),
    st.builds(
        lambda name, space, data, end: name + b"data:" + space + data + end,
        st.sampled_from([b"", b"event: a\n", b"event:a\r\n", b": comment\n", b"id: 1\n", b"event: a\ndata: b\n"]),
        st.sampled_from([b"", b" ", b"  "]),
        st.sampled_from([b"", b"{}", b"x ", b"a\rb", b"a\nb", b"data: c", b"\xef\xbb\xbf"]),
        st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n\r\n", b"\n", b"\r\n", b"\r\r", b"\n\n\n", b"\n\ndata: d\n\n"]),
    ),
)


@given(piece=PIECES)
def test_a_piece_that_is_one_event_is_what_feeding_it_gives(piece: bytes) -> None:
    event = EventCutter("sse", LIMIT).only_event(piece)
    if event is not None:
        cutter = EventCutter("sse", LIMIT)
        assert list(cutter.feed(piece)) == [event]
        assert list(cutter.rest()) == []


@pytest.mark.parametrize("piece", [b"data: {}\n\n", b"data:{}\r\n\r\n", b"event: a\ndata: {}\n\n"])
def test_the_pieces_that_streams_mostly_come_in_are_recognised(piece: bytes) -> None:
    assert EventCutter("sse", LIMIT).only_event(piece) == ("", b"{}")


def test_a_piece_behind_half_an_event_is_no_whole_event() -> None:
    cutter = EventCutter("sse", LIMIT)
    assert list(cutter.feed(b"data: {")) == []
    assert cutter.only_event(b"data: {}\n\n") is None


def test_a_frame_is_recognised_once_its_headers_are_known() -> None:
    frame = encode_frame({":message-type": "event", ":event-type": "thing"}, EVENTS[0])
    cutter = EventCutter("aws_eventstream", LIMIT)
    assert cutter.only_event(frame) is None
    assert list(cutter.feed(frame)) == [("thing", EVENTS[0])]
    assert cutter.only_event(frame) == ("thing", EVENTS[0])


def test_a_frame_that_is_an_exception_is_no_event() -> None:
    frame = encode_frame({":message-type": "exception", ":exception-type": "throttlingException"}, b"{}")
    cutter = EventCutter("aws_eventstream", LIMIT)
    for _ in range(2):
        assert cutter.only_event(frame) is None
        with pytest.raises(FramedError):
            list(cutter.feed(frame))

"""Events cut from a byte stream, against a reader written line by line after the standard."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.framing.sse import EventSplitter, event_data, render_event, without_blocks

LINES = st.sampled_from(
    [b"data: a", b"data:b", b"data:  c", b"data", b": comment", b"event: x", b"id: 7", b"nonsense", b"", b"data: {}"]
)
LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(LINES, LINE_ENDS), max_size=30).map(lambda pairs: b"".join(a + b for a, b in pairs))
PLACES = st.lists(st.integers(0, 400), max_size=12)


def reference_events(stream: bytes) -> list[bytes]:
    """Return the data of each event, as the standard's line by line algorithm dispatches them."""
    *lines, _unfinished = re.split(rb"\r\n|\n|\r", stream)
    found: list[bytes] = []
    data: list[bytes] = []
    for line in lines:
        if not line:
            if data:
                found.append(b"\n".join(data))
            data = []
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
    return found


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


def data_of(blocks: list[bytes]) -> list[bytes]:
    return [data for block in blocks if (data := event_data(block)) is not None]


@given(STREAMS, PLACES)
def test_events_are_found_as_the_standard_finds_them_wherever_the_stream_is_cut(
    stream: bytes, places: list[int]
) -> None:
    splitter = EventSplitter()
    passed, blocks = b"", []
    for piece in cut(stream, places):
        whole, found = splitter.feed(piece)
        passed += whole
        blocks += found
    assert passed + splitter.held == stream
    missing = len(reference_events(stream)) - len(data_of(blocks))
    assert data_of(blocks) == reference_events(stream)[: len(data_of(blocks))]
    # a stream that ends in CR may still go on with LF, so its last event may be held back until more comes
    assert missing == 0 or (missing == 1 and stream.endswith(b"\r"))


@given(STREAMS)
def test_events_are_found_byte_by_byte(stream: bytes) -> None:
    splitter = EventSplitter()
    fed = [splitter.feed(bytes([byte])) for byte in stream]
    assert b"".join(whole for whole, _ in fed) + splitter.held == stream
    found = [data for _, blocks in fed for data in data_of(blocks)]
    expected = reference_events(stream)
    assert found == (expected[:-1] if stream.endswith(b"\r") and len(found) < len(expected) else expected)


@given(st.lists(st.binary(max_size=20).filter(lambda data: not re.search(rb"[\r\n]", data)), max_size=8), PLACES)
def test_what_is_rendered_is_read_back(events: list[bytes], places: list[int]) -> None:
    splitter = EventSplitter()
    found: list[bytes] = []
    for piece in cut(b"".join(map(render_event, events)), places):
        found += data_of(splitter.feed(piece)[1])
    assert found == events
    assert not splitter.held


@given(st.binary(max_size=200), PLACES)
def test_any_bytes_pass_unchanged(stream: bytes, places: list[int]) -> None:
    splitter = EventSplitter()
    passed = b"".join(splitter.feed(piece)[0] for piece in cut(stream, places))
    assert passed + splitter.held == stream
    assert splitter.give_up_holding() == stream[len(passed) :]
    assert not splitter.held


@given(STREAMS, st.sets(st.integers(0, 8)))
def test_without_some_events_the_others_keep_their_bytes(stream: bytes, hidden: set[int]) -> None:
    whole, blocks = EventSplitter().feed(stream)
    kept = without_blocks(whole, blocks, hidden)
    assert without_blocks(whole, blocks, set()) == whole
    _, left = EventSplitter().feed(kept + b"\n" * kept.endswith(b"\r"))
    assert data_of(left) == data_of([block for number, block in enumerate(blocks) if number not in hidden])


def test_whole_events_in_one_piece_are_passed_on_without_a_copy() -> None:
    piece = b"data: {}\n\ndata: {}\n\n"
    assert EventSplitter().feed(piece)[0] is piece


def test_a_byte_order_mark_is_not_part_of_the_first_line() -> None:
    assert event_data(b"\xef\xbb\xbfdata: x") == b"x"


def test_comments_and_other_fields_have_no_data() -> None:
    assert event_data(b": still here\nevent: ping\nid: 3") is None

"""Events cut from a byte stream, against a reader written line by line after the standard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.framing import sse
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


class CountingPattern:
    """Searches as the splitter's own pattern does, and counts the bytes that it may have looked at."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.scanned_bytes = 0

    def search(self, data: bytes | bytearray, start: int) -> re.Match[bytes] | None:
        found = self.pattern.search(data, start)
        self.scanned_bytes += (len(data) if found is None else found.end()) - start
        return found

    def finditer(self, data: bytes, start: int) -> Iterator[re.Match[bytes]]:
        self.scanned_bytes += len(data) - start
        return self.pattern.finditer(data, start)


def scanned_of_one_event(monkeypatch: pytest.MonkeyPatch, pieces: int, piece: bytes) -> int:
    counting = CountingPattern(sse._BLANK_LINE)
    with monkeypatch.context() as patch:
        patch.setattr(sse, "_BLANK_LINE", counting)
        splitter = EventSplitter()
        splitter.feed(b"data: ")
        kept = splitter.held
        for _ in range(pieces):
            assert splitter.feed(piece) == (b"", [])
            assert splitter.held is kept, "what is held is added to, not copied for each piece"
        whole, blocks = splitter.feed(b"\n\n")
    assert whole == b"data: " + piece * pieces + b"\n\n"
    assert blocks == [whole[:-2]]
    return counting.scanned_bytes


@pytest.mark.parametrize("piece", [b"x", b"y" * 100, b"line\ndata: more"])
def test_a_long_event_in_small_pieces_is_searched_once(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    once = scanned_of_one_event(monkeypatch, 500, piece)
    assert once <= 500 * (len(piece) + 3) + 16, "each byte once, and three again for each piece"
    assert scanned_of_one_event(monkeypatch, 1000, piece) <= 2 * once


@pytest.mark.parametrize("length", range(8))
def test_blank_lines_are_found_as_written_out_in_the_standard(length: int) -> None:
    line_end = rb"(?:\r\n|\n|\r(?!\n))"
    plain = re.compile(rb"(?!\r?\n\r\Z)" + line_end + line_end)
    for letters in product(b"\r\nx", repeat=length):
        text = bytes(letters)
        assert [m.span() for m in sse._BLANK_LINE.finditer(text)] == [m.span() for m in plain.finditer(text)]

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import mock_answers
from bench.answer_reader import AnswerReader, State

EVENTS = 7
STREAM = mock_answers.stream_head() + mock_answers.content_event() * EVENTS + mock_answers.stream_tail(True)
UNARY = mock_answers.unary_answer()
EVENTS_OF_TAIL = 3
CHUNKED_UNARY = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n18\r\nPenstocks feed turbines.\r\n0\r\n\r\n"


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % len(data) for place in places} - {0}), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(st.lists(st.integers(min_value=0), max_size=20))
def test_every_event_counts_once_wherever_a_stream_is_cut(places: list[int]) -> None:
    reader = AnswerReader(stream=True)
    states = [reader.feed(piece) for piece in _cut(STREAM, places)]
    assert states == [State.MORE] * (len(states) - 1) + [State.WHOLE]
    assert reader.events == EVENTS + EVENTS_OF_TAIL
    assert 1 <= reader.reads <= len(states)


@pytest.mark.parametrize("answer", [UNARY, CHUNKED_UNARY])
@given(places=st.lists(st.integers(min_value=0), max_size=20))
def test_an_answer_is_whole_with_its_last_byte_and_not_before(answer: bytes, places: list[int]) -> None:
    reader = AnswerReader(stream=False)
    states = [reader.feed(piece) for piece in _cut(answer, places)]
    assert states == [State.MORE] * (len(states) - 1) + [State.WHOLE]


def test_reads_count_events_that_came_together_as_one() -> None:
    reader = AnswerReader(stream=True)
    reader.feed(mock_answers.stream_head())
    reader.feed(mock_answers.content_event() * 3)
    reader.feed(mock_answers.content_event())
    assert (reader.events, reader.reads) == (4, 2)


def test_a_reader_begins_anew_with_each_answer() -> None:
    reader = AnswerReader(stream=True)
    for _ in range(2):
        assert reader.feed(STREAM) is State.WHOLE
        assert reader.events == EVENTS + EVENTS_OF_TAIL
        reader.expect()


@pytest.mark.parametrize(
    "answer",
    [
        UNARY.replace(b" 200 OK", b" 502 Bad Gateway", 1),
        UNARY.replace(mock_answers.MARK_BYTES, b"X" * len(mock_answers.MARK_BYTES)),
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["status", "text", "empty"],
)
def test_another_answer_than_the_wanted_is_told(answer: bytes) -> None:
    assert AnswerReader(stream=False).feed(answer) is State.WRONG


def test_a_stream_that_ends_without_done_is_told() -> None:
    cut = mock_answers.stream_head() + mock_answers.content_event() + b"0\r\n\r\n"
    assert AnswerReader(stream=True).feed(cut) is State.WRONG

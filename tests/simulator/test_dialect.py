from __future__ import annotations

import json

from penstock.simulator.dialect import OPENAI, Prepared, pad_line, without_member
from penstock.simulator.script import EVENT_STREAM, JSON, End, Head, Paced, Send, Think

OWN = ((b"x-request-id", b"1"),)


def test_a_body_is_thought_about_and_sent_in_one_go() -> None:
    steps = list(Prepared(OWN, b"{}", tokens=7).script())
    assert steps == [Think(7), Head(200, (*JSON, *OWN), 2), Send(b"{}"), End()]


def test_a_stream_begins_at_once_and_has_no_length() -> None:
    events = [b"data: 1\n\n"]
    steps = list(Prepared(OWN, events=events, tokens=7).script())
    assert steps == [Head(200, (*EVENT_STREAM, *OWN), None), Paced(events), End()]


def test_members_are_taken_out_of_an_event_at_any_depth_and_nothing_else_changes() -> None:
    event = b'event: x\ndata: {"a":{"usage":{"n":1},"b":[{"usage":2}]},"usage":3}\n\n'
    assert without_member("usage")(event) == b'event: x\ndata: {"a":{"b":[{"usage":2}]}}\n\n'


def test_an_event_without_such_a_member_stays_as_it_is() -> None:
    for event in (b'data: {"a": 1}\n\n', b": usage\n\n", b"data: [usage\n\n"):
        assert without_member("usage")(event) == event


def test_padding_makes_an_event_longer_and_says_the_same() -> None:
    event = pad_line(b'event: x\ndata: {"a":1}\n\n', 100)
    assert len(event) == 124
    assert json.loads(event.partition(b"data:")[2]) == {"a": 1}


def test_openai_s_event_of_counts_is_dropped_whole() -> None:
    assert OPENAI.without_usage(b'data: {"choices":[],"usage":{}}\n\n') == b""

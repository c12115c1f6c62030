from __future__ import annotations

from penstock.simulator.script import EVENT_STREAM, JSON, End, Head, Paced, Prepared, Send, Think

OWN = ((b"x-request-id", b"1"),)


def test_a_body_is_thought_about_and_sent_in_one_go() -> None:
    steps = list(Prepared(OWN, b"{}", tokens=7).script())
    assert steps == [Think(7), Head(200, (*JSON, *OWN), 2), Send(b"{}"), End()]


def test_a_stream_begins_at_once_and_has_no_length() -> None:
    events = [b"data: 1\n\n"]
    steps = list(Prepared(OWN, events=events, tokens=7).script())
    assert steps == [Head(200, (*EVENT_STREAM, *OWN), None), Paced(events), End()]

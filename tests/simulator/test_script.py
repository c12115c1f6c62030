from __future__ import annotations

from penstock.simulator.script import End, Head, Send, whole


def test_an_answer_in_one_go_promises_its_length() -> None:
    assert whole(418, ((b"a", b"b"),), b"body") == (Head(418, ((b"a", b"b"),), 4), Send(b"body"), End())

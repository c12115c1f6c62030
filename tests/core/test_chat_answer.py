"""The neutral answer."""

from __future__ import annotations

from penstock.core.chat import Text
from penstock.core.chat_answer import ChatAnswer, Choice
from penstock.core.usage import UNREPORTED


def test_an_answer_that_reports_no_counts_has_none() -> None:
    answer = ChatAnswer("id", "model", [Choice(0, [Text("hello")], "stop")])
    assert answer.usage is UNREPORTED
    assert answer.choices[0].extras is not ChatAnswer("id", "model", []).extras

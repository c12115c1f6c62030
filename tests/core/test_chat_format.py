"""Losses of a translation, by the caller's own paths."""

from __future__ import annotations

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses
from penstock.core.loss import Loss


def test_a_loss_names_the_callers_own_field() -> None:
    request = ChatRequest(vendor="openai_chat", paths={"choices": "n"}, messages=[])
    losses = Losses(request)
    losses.field("choices", "one answer only")
    losses.at("messages[0].name", "no names", "moved")
    assert losses.found == [
        Loss("$.n", "dropped", "one answer only"),
        Loss("$.messages[0].name", "moved", "no names"),
    ]


def test_what_nobody_reads_is_lost_from_the_beginning() -> None:
    request = ChatRequest(vendor="openai_chat", paths={}, messages=[], unread=("messages[0].colour",))
    assert [loss.path for loss in Losses(request).found] == ["$.messages[0].colour"]

"""Losses of a translation, by the caller's own paths; words of a provider that are in no table."""

from __future__ import annotations

import msgspec
import pytest

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import MOST_WORD_CHARS, MOST_WORDS, AnswerContext, Losses, TooMuchHeldError
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


@pytest.mark.parametrize(
    ("value", "told"), [(b"null", 0), (b"false", 0), (b"[]", 0), (b'""', 0), (b"{}", 1), (b"0", 1), (b"true", 1)]
)
def test_a_member_beside_the_format_is_lost_unless_it_asks_for_nothing(value: bytes, told: int) -> None:
    losses = Losses(ChatRequest(vendor="openai_chat", paths={}, messages=[]))
    losses.extra_member("web_search_options", msgspec.Raw(value), "no such setting")
    assert [loss.path for loss in losses.found] == ["$.web_search_options"] * told


def test_words_outside_the_tables_are_kept_up_to_a_bound() -> None:
    context = AnswerContext(model="m", request_id="r")
    context.note("stop_reason=bored")
    for _ in range(MOST_WORDS):
        context.note("event=" + "x" * 10_000)
    assert context.unknown[0] == "stop_reason=bored"
    assert len(context.unknown) == MOST_WORDS
    assert max(map(len, context.unknown)) == MOST_WORD_CHARS


@pytest.mark.parametrize(("asked", "kinds"), [(None, []), (1, []), (2, ["clamped"]), (0, ["clamped"])])
def test_another_number_of_answers_than_one_is_clamped(asked: int | None, kinds: list[str]) -> None:
    losses = Losses(ChatRequest(vendor="openai_chat", paths={"choices": "n"}, messages=[], choices=asked))
    losses.one_choice("one answer only")
    assert [(loss.path, loss.kind) for loss in losses.found] == [("$.n", kind) for kind in kinds]


def test_what_is_held_is_counted_up_to_a_bound() -> None:
    context = AnswerContext(model="m", request_id="r", most_held_bytes=100)
    context.hold(60)
    context.release(20)
    context.hold(60)
    with pytest.raises(TooMuchHeldError):
        context.hold(1)

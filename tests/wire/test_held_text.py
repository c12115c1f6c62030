"""What holding costs is never less than the memory it takes."""

from __future__ import annotations

from sys import getsizeof

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import (
    Audio,
    Citation,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_answer import (
    ArgumentsDelta,
    BlockBegin,
    BlockEnd,
    CitationDelta,
    RefusalDelta,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
)
from penstock.core.chat_format import AnswerContext, TooMuchHeldError
from penstock.wire.held_text import BlockEvent, HeldText, weigh_event

LONG = "x" * 10_000
RAW = msgspec.Raw(msgspec.json.encode(LONG))


@given(st.lists(st.text()))
def test_pieces_are_given_out_as_they_came_and_are_then_not_held(pieces: list[str]) -> None:
    context = AnswerContext(model="m", request_id="r")
    held = HeldText(context)
    for piece in pieces:
        held.add(piece)
    assert context.held_bytes >= sum(map(getsizeof, pieces))
    assert held.take() == "".join(pieces)
    assert (held.take(), context.held_bytes) == ("", 0)


def test_several_texts_count_against_one_bound() -> None:
    context = AnswerContext(model="m", request_id="r", most_held_bytes=25_000)
    first, second = HeldText(context), HeldText(context)
    first.add("x" * 10_000)
    second.add("x" * 10_000)
    with pytest.raises(TooMuchHeldError):
        first.add("x" * 10_000)
    first.drop()
    second.add("x" * 10_000)


@pytest.mark.parametrize(
    "event",
    [
        BlockBegin(0, 0, Text(LONG)),
        BlockBegin(0, 0, Text("", signature=LONG)),
        BlockBegin(0, 0, Thinking(LONG)),
        BlockBegin(0, 0, Thinking("", LONG)),
        BlockBegin(0, 0, RedactedThinking(LONG)),
        BlockBegin(0, 0, Refusal(LONG)),
        BlockBegin(0, 0, ToolCall(LONG, "f", "{}")),
        BlockBegin(0, 0, ToolCall("c", LONG, "{}")),
        BlockBegin(0, 0, ToolCall("c", "f", LONG)),
        BlockBegin(0, 0, ToolCall("c", "f", "{}", LONG)),
        BlockBegin(0, 0, Image(InlineData("image/png", LONG))),
        BlockBegin(0, 0, Audio(UrlSource(LONG))),
        BlockBegin(0, 0, VendorBlock("v", "k", RAW)),
        TextDelta(0, 0, LONG),
        TextDelta(0, 0, "t", (TokenLogprob(LONG, -1.0),)),
        TextDelta(0, 0, "t", (TokenLogprob("t", -1.0, (1000,) * 400),)),
        TextDelta(0, 0, "t", (TokenLogprob("t", -1.0, None, (TokenLogprob(LONG, -1.0),)),)),
        ThinkingDelta(0, 0, LONG),
        SignatureDelta(0, 0, LONG),
        ArgumentsDelta(0, 0, LONG),
        RefusalDelta(0, 0, LONG),
        CitationDelta(0, 0, Citation(LONG)),
        CitationDelta(0, 0, Citation(title=LONG)),
        CitationDelta(0, 0, Citation(cited_text=LONG)),
        CitationDelta(0, 0, Citation(raw=RAW)),
    ],
)
def test_an_event_weighs_at_least_its_texts(event: BlockEvent) -> None:
    assert getsizeof(LONG) <= weigh_event(event) <= 2 * getsizeof(LONG)


def test_an_event_without_text_weighs_something() -> None:
    assert weigh_event(BlockEnd(0, 0)) >= getsizeof(BlockEnd(0, 0))

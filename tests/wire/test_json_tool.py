from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import Block, Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatAnswer,
    ChatEvent,
    Choice,
    End,
    Finish,
    FinishReason,
    Ping,
    TextDelta,
)
from penstock.core.chat_format import AnswerContext
from penstock.wire.json_tool import EventUnwrapper, choose_tool_name, unwrap_answer

TOOL = "json_answer"


def answer(*blocks: Block, finish: FinishReason = "tool_calls") -> ChatAnswer:
    return ChatAnswer("id", "model", [Choice(0, list(blocks), finish, "tool_use")])


def stream(*blocks: Block, finish: FinishReason = "tool_calls") -> list[ChatEvent]:
    events: list[ChatEvent] = [Begin("id", "model")]
    for index, block in enumerate(blocks):
        if isinstance(block, ToolCall):
            events.append(BlockBegin(0, index, ToolCall(block.id, block.name, "")))
            events += [ArgumentsDelta(0, index, piece) for piece in block.arguments]
        elif isinstance(block, Text):
            events.append(BlockBegin(0, index, Text("")))
            events += [TextDelta(0, index, piece) for piece in block.text]
        elif isinstance(block, Thinking):
            events.append(BlockBegin(0, index, block))
        events.append(BlockEnd(0, index))
    return [*events, Finish(0, finish, "tool_use"), End()]


def collect(events: list[ChatEvent]) -> Choice:
    """Put a stream together again; the numbers of its blocks must have no gap."""
    choice = Choice(0, [], "unknown")
    for event in events:
        if isinstance(event, BlockBegin):
            assert event.index == len(choice.blocks)
            choice.blocks.append(msgspec.structs.replace(event.block))
        elif isinstance(event, TextDelta):
            block = choice.blocks[event.index]
            assert isinstance(block, Text)
            block.text += event.text
        elif isinstance(event, ArgumentsDelta):
            call = choice.blocks[event.index]
            assert isinstance(call, ToolCall)
            call.arguments += event.fragment
        elif isinstance(event, Finish):
            choice.finish, choice.word = event.reason, event.word
    return choice


def test_the_call_becomes_the_text_and_the_answer_just_stops() -> None:
    choice = unwrap_answer(answer(ToolCall("t", TOOL, '{"a":1}')), TOOL).choices[0]
    assert choice.blocks == [Text('{"a":1}')]
    assert (choice.finish, choice.word) == ("stop", "tool_use")


def test_an_answer_without_the_call_stays_as_it_is() -> None:
    whole = answer(Text("No."), ToolCall("t", "mine", "{}"))
    assert unwrap_answer(whole, TOOL) == answer(Text("No."), ToolCall("t", "mine", "{}"))


def test_the_callers_own_calls_still_want_their_results() -> None:
    choice = unwrap_answer(answer(ToolCall("a", "mine", "{}"), ToolCall("b", TOOL, "{}")), TOOL).choices[0]
    assert choice.blocks == [ToolCall("a", "mine", "{}"), Text("{}")]
    assert choice.finish == "tool_calls"


def test_a_cut_answer_says_that_it_was_cut() -> None:
    assert unwrap_answer(answer(ToolCall("t", TOOL, '{"a'), finish="length"), TOOL).choices[0].finish == "length"


def test_the_text_beside_the_call_is_left_out_so_that_the_text_is_json() -> None:
    blocks: list[Block] = [
        Thinking("hm"),
        Text("Here:"),
        ToolCall("t", TOOL, "{}"),
        ToolCall("u", TOOL, "{}"),
        Text("Done."),
    ]
    assert unwrap_answer(answer(*blocks), TOOL).choices[0].blocks == [Thinking("hm"), Text("{}")]


def test_fragments_are_passed_on_as_they_come() -> None:
    unwrapper = EventUnwrapper(TOOL, AnswerContext(model="m", request_id="r"))
    passed = [unwrapper.unwrap([event]) for event in stream(ToolCall("t", TOOL, '{"a":1}'))]
    assert passed[1] == [BlockBegin(0, 0, Text(""))]
    assert passed[2] == [TextDelta(0, 0, "{")]
    assert passed[-2:] == [[Finish(0, "stop", "tool_use")], [End()]]


def test_text_is_held_until_it_is_known_that_no_call_follows() -> None:
    unwrapper = EventUnwrapper(TOOL, AnswerContext(model="m", request_id="r"))
    events = stream(Text("No."), finish="stop")
    passed = [unwrapper.unwrap([event]) for event in events]
    assert passed[1] == []
    assert collect([event for piece in passed for event in piece]).blocks == [Text("No.")]


def test_other_events_are_not_held() -> None:
    unwrapper = EventUnwrapper(TOOL, AnswerContext(model="m", request_id="r"))
    unwrapper.unwrap([BlockBegin(0, 0, Text(""))])
    assert unwrapper.unwrap([Ping()]) == [Ping()]


def test_text_is_given_out_when_the_stream_is_cut() -> None:
    unwrapper = EventUnwrapper(TOOL, AnswerContext(model="m", request_id="r"))
    unwrapper.unwrap([BlockBegin(0, 0, Text("")), TextDelta(0, 0, "No")])
    assert unwrapper.close() == [BlockBegin(0, 0, Text("")), TextDelta(0, 0, "No")]


BLOCKS = st.lists(
    st.one_of(
        st.builds(Text, st.text(max_size=3)),
        st.builds(Thinking, st.text(max_size=3)),
        st.builds(ToolCall, st.just("t"), st.sampled_from([TOOL, "mine"]), st.sampled_from(["{}", '{"a":1}'])),
    ),
    max_size=6,
)


@given(BLOCKS, st.integers(1, 5))
def test_a_stream_gives_what_the_whole_answer_gives(blocks: list[Block], piece: int) -> None:
    events = stream(*blocks)
    unwrapper = EventUnwrapper(TOOL, AnswerContext(model="m", request_id="r"))
    passed = [
        event for start in range(0, len(events), piece) for event in unwrapper.unwrap(events[start : start + piece])
    ]
    streamed = collect(passed)
    whole = unwrap_answer(answer(*blocks), TOOL).choices[0]
    assert streamed.finish == whole.finish
    assert [block for block in streamed.blocks if not isinstance(block, Text)] == [
        block for block in whole.blocks if not isinstance(block, Text)
    ]
    if _text_comes_last(blocks):
        assert streamed.blocks == whole.blocks


def _text_comes_last(blocks: list[Block]) -> bool:
    """Text in front of a call of the caller's own tools is passed on before it is known what follows."""
    own = [index for index, block in enumerate(blocks) if isinstance(block, ToolCall) and block.name != TOOL]
    return not own or all(not isinstance(block, Text) for block in blocks[: own[-1]])


@pytest.mark.parametrize(
    ("taken", "name"),
    [([], TOOL), (["x"], TOOL), ([TOOL], "json_answer_2"), ([TOOL, "json_answer_2"], "json_answer_3")],
)
def test_the_tool_has_a_name_of_its_own(taken: list[str], name: str) -> None:
    assert choose_tool_name(taken) == name

"""The vectors hold whole streams; here, single events, odd orders, and what is true of every stream."""

from __future__ import annotations

import json

import pytest
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from penstock.core.chat import Block, RedactedThinking, Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    Ping,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
    VendorError,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, Usage, later_counts
from penstock.wire.anthropic_messages.decode_events import AnthropicEvents
from penstock.wire.anthropic_messages.lift_answer import lift_answer
from tests.wire.anthropic_messages.streaming import TEXT, Event, block_start, block_stop, delta, stream_of
from tests.wire.chat_vector import check_order

SDK_EVENTS = TypeAdapter[object](RawMessageStreamEvent)


def context() -> AnswerContext:
    return AnswerContext(model="asked", request_id="req_1", created=7)


def play(events: list[Event], seen: AnswerContext | None = None) -> list[ChatEvent]:
    decoder = AnthropicEvents(seen or context())
    told = [each for event in events for each in decoder.decode("", json.dumps(event).encode())]
    told += decoder.close()
    check_order(told)
    return told


def start(**usage: object) -> Event:
    return {"type": "message_start", "message": {"id": "msg_1", "model": "served", "content": [], "usage": usage}}


def message_delta(reason: str | None, **usage: object) -> Event:
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


STOP: Event = {"type": "message_stop"}
CALL: Event = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}


def collect(events: list[ChatEvent]) -> list[Block]:
    """Put the blocks of a stream together."""
    blocks: list[Block] = []
    for event in events:
        if isinstance(event, BlockBegin):
            blocks.append(event.block)
        elif isinstance(event, TextDelta | ThinkingDelta):
            block = blocks[event.index]
            assert isinstance(block, Text | Thinking)
            block.text += event.text
        elif isinstance(event, SignatureDelta):
            block = blocks[event.index]
            assert isinstance(block, Thinking)
            block.signature = (block.signature or "") + event.signature
        elif isinstance(event, ArgumentsDelta):
            block = blocks[event.index]
            assert isinstance(block, ToolCall)
            block.arguments += event.fragment
        elif isinstance(event, CitationDelta):
            block = blocks[event.index]
            assert isinstance(block, Text)
            block.citations = (*block.citations, event.citation)
    return blocks


def counts(events: list[ChatEvent]) -> Usage:
    told = UNREPORTED
    for event in events:
        if isinstance(event, UsageReport):
            told = later_counts(told, event.usage)
    return told


def test_the_counts_of_the_end_replace_those_of_the_beginning() -> None:
    first = start(input_tokens=20, cache_read_input_tokens=3000, cache_creation_input_tokens=100, output_tokens=3)
    last = message_delta("end_turn", input_tokens=20, cache_read_input_tokens=3000, output_tokens=500)
    assert counts(play([first, last, STOP])) == Usage(3120, 3000, 100, 500)


def test_counts_that_come_late_only_are_read() -> None:
    last = message_delta("end_turn", input_tokens=20, cache_creation_input_tokens=0, output_tokens=500)
    assert counts(play([start(), last, STOP])) == Usage(20, None, 0, 500)


def test_a_stream_without_its_beginning_begins() -> None:
    told = play([delta("text_delta", text="Hi"), block_stop(), message_delta("end_turn"), STOP])
    assert told == [
        Begin("req_1", "asked", 7),
        BlockBegin(0, 0, Text("")),
        TextDelta(0, 0, "Hi"),
        BlockEnd(0, 0),
        Finish(0, "stop", "end_turn"),
        End(),
    ]


def test_thinking_whose_block_did_not_begin_begins() -> None:
    told = play([start(), delta("thinking_delta", thinking="hm"), delta("signature_delta", signature="sig")])
    assert collect(told) == [Thinking("hm", "sig")]


def test_a_block_of_a_kind_that_comes_later_keeps_what_it_began_with() -> None:
    block: Event = {"type": "hologram", "text": "a"}
    told = play([start(), block_start(block), delta("text_delta", text="b"), block_stop()])
    assert isinstance(told[1], BlockBegin)
    assert isinstance(told[1].block, VendorBlock)
    assert json.loads(bytes(told[1].block.raw)) == block


def test_a_block_that_was_not_ended_is_ended_by_the_next_and_by_the_finish() -> None:
    told = play([start(), block_start(TEXT), block_start(CALL, 1), message_delta("tool_use"), STOP])
    assert told[1:] == [
        BlockBegin(0, 0, Text("")),
        BlockEnd(0, 0),
        BlockBegin(0, 1, ToolCall("toolu_1", "f", "")),
        ArgumentsDelta(0, 1, "{}"),
        BlockEnd(0, 1),
        Finish(0, "tool_calls", "tool_use"),
        End(),
    ]


def test_a_stream_that_ends_without_a_reason_has_an_unknown_one() -> None:
    seen = context()
    assert play([start(), STOP], seen)[1:] == [Finish(0, "unknown"), End()]
    assert seen.unknown == ["stop_reason="]


def test_a_cut_stream_has_no_end() -> None:
    told = play([start(), block_start(TEXT), delta("text_delta", text="Hi"), block_stop()])
    assert not any(isinstance(event, End | Finish) for event in told)


def test_the_stop_sequence_is_told() -> None:
    event: Event = {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"}}
    assert play([start(), event])[1:] == [Finish(0, "stop_sequence", "stop_sequence", "END"), End()]


def test_blocks_of_server_tools_come_whole() -> None:
    use: Event = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    told = play(
        [
            start(),
            block_start(use),
            delta("input_json_delta", partial_json=""),
            delta("input_json_delta", partial_json='{"q":1}'),
            block_stop(),
        ]
    )
    begun = told[1]
    assert isinstance(begun, BlockBegin)
    assert isinstance(begun.block, VendorBlock)
    assert json.loads(bytes(begun.block.raw)) == {**use, "input": {"q": 1}}
    assert told[2:] == [BlockEnd(0, 0)]


def test_a_summary_of_the_conversation_comes_whole() -> None:
    block: Event = {"type": "compaction", "content": None}
    told = play(
        [
            start(),
            block_start(block),
            delta("compaction_delta", content="So far."),
            block_stop(),
            message_delta("compaction"),
        ]
    )
    begun = told[1]
    assert isinstance(begun, BlockBegin)
    assert isinstance(begun.block, VendorBlock)
    assert json.loads(bytes(begun.block.raw)) == {"type": "compaction", "content": "So far."}
    assert isinstance(told[3], Finish)
    assert told[3].reason == "pause"


def test_the_input_of_a_server_tool_that_is_cut_off_is_kept_as_text() -> None:
    use: Event = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    told = play([start(), block_start(use), delta("input_json_delta", partial_json='{"q'), message_delta("max_tokens")])
    assert isinstance(told[1], BlockBegin)
    assert isinstance(told[1].block, VendorBlock)
    assert json.loads(bytes(told[1].block.raw))["input"] == '{"q'


def test_an_error_is_a_failure_of_the_stream() -> None:
    error: Event = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert play([start(), error])[1:] == [
        StreamFailure(VendorError("overloaded", "Overloaded", 529, "overloaded_error"))
    ]
    assert isinstance(play([{"type": "error"}])[0], StreamFailure)


def test_pings_are_passed_on() -> None:
    assert play([{"type": "ping"}]) == [Ping()]


def test_kinds_that_come_later_are_ignored_and_counted() -> None:
    seen = context()
    events: list[Event] = [start(), {"type": "tea"}, block_start(TEXT), delta("scent"), delta("text_delta", text="Hi")]
    assert collect(play(events, seen)) == [Text("Hi")]
    assert seen.unknown == ["event.type=tea", "delta.type=scent"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"5",
        b"[DONE]",
        b"{}",
        b'{"type":5}',
        b'{"type":"message_start"}',
        b'{"type":"content_block_start","index":0}',
        b'{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}',
        b'{"type":"content_block_start","index":0,"content_block":5}',
        b'{"type":"content_block_delta","index":0}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":5}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}',
        b'{"type":"content_block_delta","index":"0","delta":{"type":"text_delta","text":""}}',
        b'{"type":"x","delta":' + b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"event|block"):
        AnthropicEvents(context()).decode("", data)


BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=5)),
    st.builds(lambda text: {"type": "thinking", "thinking": text, "signature": "sig"}, st.text(max_size=5)),
    st.just({"type": "redacted_thinking", "data": "EmwK"}),
    st.builds(
        lambda value: {"type": "tool_use", "id": "toolu_1", "name": "f", "input": value},
        st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
    ),
)


@given(st.lists(BLOCKS, max_size=4), st.integers(1, 6))
def test_a_stream_tells_what_the_whole_answer_tells(blocks: list[Event], cut: int) -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 9}
    reason = "tool_use" if blocks and blocks[-1]["type"] == "tool_use" else "end_turn"
    events = [start(input_tokens=5, cache_read_input_tokens=2, output_tokens=1)]
    for index, block in enumerate(blocks):
        events += stream_of(block, index, cut)
    events += [message_delta(reason, output_tokens=9), STOP]
    for event in events[1:]:
        SDK_EVENTS.validate_python(event)
    told = play(events)
    whole = lift_answer(json.dumps({"content": blocks, "stop_reason": reason, "usage": usage}).encode(), context())
    assert collect(told) == whole.choices[0].blocks
    assert [event.reason for event in told if isinstance(event, Finish)] == [whole.choices[0].finish]
    assert counts(told) == whole.usage
    assert isinstance(told[-1], End)


ANY_EVENTS = st.lists(
    st.one_of(
        st.just(start(input_tokens=1)),
        st.builds(
            block_start,
            st.sampled_from([TEXT, CALL, {"type": "redacted_thinking", "data": ""}, {"type": "tea"}]),
            st.integers(0, 2),
        ),
        st.builds(lambda index: delta("text_delta", index, text="a"), st.integers(0, 2)),
        st.builds(block_stop, st.integers(0, 2)),
        st.builds(message_delta, st.sampled_from([None, "end_turn"])),
        st.just(STOP),
    ),
    max_size=12,
)


@given(ANY_EVENTS)
def test_in_whatever_order_events_come_the_promised_order_holds(events: list[Event]) -> None:
    decoder = AnthropicEvents(context())
    told: list[ChatEvent] = []
    for event in events:
        try:
            told += decoder.decode("", json.dumps(event).encode())
        except ValueError:  # and the relay ends the stream
            return
        check_order([*told, StreamFailure(VendorError("server", "", 500))] if not _ended(told) else told)
    told += decoder.close()
    _check_texts_only_in_texts(told)
    check_order(told)


def _ended(told: list[ChatEvent]) -> bool:
    return any(isinstance(event, End) for event in told)


def _check_texts_only_in_texts(told: list[ChatEvent]) -> None:
    kinds = [type(event.block) for event in told if isinstance(event, BlockBegin)]
    assert all(kinds[event.index] is Text for event in told if isinstance(event, TextDelta))
    assert all(kind in {Text, ToolCall, RedactedThinking, VendorBlock} for kind in kinds)

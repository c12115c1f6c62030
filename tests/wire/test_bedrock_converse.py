"""Bedrock Converse as a whole: a stream says what a whole answer says, and keeps its order whatever comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import (
    Block,
    Image,
    InlineData,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    VendorBlock,
)
from penstock.core.chat_answer import (
    ArgumentsDelta,
    BlockBegin,
    ChatEvent,
    End,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import Usage
from penstock.wire.bedrock_converse.decode_events import ConverseDecoder
from penstock.wire.bedrock_converse.lift_answer import lift_answer
from penstock.wire.bedrock_converse.upstream import UPSTREAM
from penstock.wire.chat_formats import find_upstream_format
from tests.wire.chat_vector import check_order

Json = dict[str, Any]
FRAGMENTS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), min_size=1, max_size=4)
ANSWER_BLOCKS = st.one_of(
    st.tuples(st.just("text"), FRAGMENTS),
    st.tuples(st.just("thinking"), FRAGMENTS),
    st.tuples(st.just("redacted"), st.just(["cmVk"])),
    st.tuples(st.just("tool"), st.sampled_from([[], ["{}"], ['{"city"', ': "Paris"}']])),
)
COUNTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.integers(0, 1000)
        for name in ("inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
    },
)
ODD_MEMBERS = st.dictionaries(st.sampled_from(["p", "x", "future"]), st.none() | st.just({"a": [1]}), max_size=2)


def whole_block(kind: str, pieces: list[str], number: int) -> Json:
    text = "".join(pieces)
    if kind == "text":
        return {"text": text}
    if kind == "thinking":
        return {"reasoningContent": {"reasoningText": {"text": text, "signature": "c2ln"}}}
    if kind == "redacted":
        return {"reasoningContent": {"redactedContent": text}}
    return {"toolUse": {"toolUseId": f"t{number}", "name": "f", "input": json.loads(text or "{}")}}


def deltas(kind: str, pieces: list[str]) -> list[Json]:
    if kind == "text":
        return [{"text": piece} for piece in ["", *pieces]]
    if kind == "thinking":
        shown: list[Json] = [{"reasoningContent": {"text": piece}} for piece in pieces]
        return [*shown, {"reasoningContent": {"signature": "c2"}}, {"reasoningContent": {"signature": "ln"}}]
    if kind == "redacted":
        return [{"reasoningContent": {"redactedContent": piece}} for piece in pieces]
    return [{"toolUse": {"input": piece}} for piece in ["", *pieces]]


def events_of(blocks: list[tuple[str, list[str]]], counts: Json, odd: Json) -> list[tuple[str, Json]]:
    events: list[tuple[str, Json]] = [("messageStart", {"role": "assistant", **odd})]
    for number, (kind, pieces) in enumerate(blocks):
        at = {"contentBlockIndex": number}
        if kind == "tool":
            start = {"toolUse": {"toolUseId": f"t{number}", "name": "f"}}
            events.append(("contentBlockStart", {**odd, **at, "start": start}))
        events += [("contentBlockDelta", {**odd, "delta": delta, **at}) for delta in deltas(kind, pieces)]
        events.append(("contentBlockStop", at))
    return [*events, ("messageStop", {"stopReason": "end_turn"}), ("metadata", {"usage": counts, **odd})]


def gather(events: list[ChatEvent]) -> tuple[list[Block], Usage]:
    """Put a stream's blocks together again."""
    blocks: list[Block] = []
    usage = Usage()
    for event in events:
        match event:
            case BlockBegin():
                blocks.append(event.block)
            case TextDelta() | ThinkingDelta():
                block = blocks[event.index]
                assert isinstance(block, Text | Thinking)
                block.text += event.text
            case SignatureDelta():
                block = blocks[event.index]
                assert isinstance(block, Thinking)
                block.signature = (block.signature or "") + event.signature
            case ArgumentsDelta():
                block = blocks[event.index]
                assert isinstance(block, ToolCall)
                block.arguments += event.fragment
            case UsageReport():
                usage = event.usage
            case _:
                pass
    return blocks, usage


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="r")


@given(st.lists(ANSWER_BLOCKS, max_size=4), COUNTS, ODD_MEMBERS)
def test_a_stream_says_what_the_whole_answer_says(blocks: list[tuple[str, list[str]]], counts: Json, odd: Json) -> None:
    content = [whole_block(kind, pieces, number) for number, (kind, pieces) in enumerate(blocks)]
    body = {"output": {"message": {"content": content, **odd}}, "stopReason": "end_turn", "usage": counts, **odd}
    whole = lift_answer(json.dumps(body, separators=(",", ":")).encode(), context())
    decoder = ConverseDecoder(context())
    events = [
        event
        for kind, data in events_of(blocks, counts, odd)
        for event in decoder.decode(kind, json.dumps(data).encode())
    ]
    check_order(events)
    assert isinstance(events[-1], End)
    streamed, usage = gather(events)
    for block in [*streamed, *whole.choices[0].blocks]:
        if isinstance(block, ToolCall):
            block.arguments = json.dumps(json.loads(block.arguments))
    assert streamed == whole.choices[0].blocks
    assert usage == whole.usage


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["delta", "start", "text", "toolUse", "input", "image", "citation", "contentBlockIndex", "usage"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "", "new"]
)


@given(st.lists(st.tuples(KINDS, JSON), max_size=8))
def test_nonsense_in_a_stream_is_a_value_error_or_keeps_the_order(pieces: list[tuple[str, object]]) -> None:
    decoder = ConverseDecoder(context())
    events: list[ChatEvent] = []
    try:
        for kind, value in pieces:
            events += decoder.decode(kind, json.dumps(value).encode())
        events += decoder.close()
    except ValueError:
        return
    check_order(events)


# --- the order of a stream that is not as it should be


def decode(*pieces: tuple[str, Json]) -> list[ChatEvent]:
    decoder = ConverseDecoder(context())
    events = [event for kind, value in pieces for event in decoder.decode(kind, json.dumps(value).encode())]
    return events + decoder.close()


STOP = ("messageStop", {"stopReason": "end_turn"})


def test_a_stream_has_not_ended_before_the_message_has_stopped() -> None:
    assert not any(isinstance(event, End) for event in decode(("messageStart", {}), ("metadata", {"usage": {}})))


def test_a_stream_ends_when_its_counts_came_before_its_stop() -> None:
    assert isinstance(decode(("messageStart", {}), ("metadata", {"usage": {}}), STOP)[-1], End)


def test_nothing_comes_behind_an_exception() -> None:
    events = decode(("serviceUnavailableException", {"message": "later"}), ("messageStart", {}), STOP)
    (failure,) = events
    assert isinstance(failure, StreamFailure)
    assert (failure.error.kind, failure.error.status, failure.error.message) == ("overloaded", 503, "later")


def test_arguments_of_a_call_that_never_began_are_no_answer_without_it() -> None:
    with pytest.raises(ValueError, match="has not begun"):
        decode(("contentBlockDelta", {"delta": {"toolUse": {"input": "{}"}}}), ("contentBlockStop", {}), STOP)


def test_redacted_thinking_in_pieces_is_one_block() -> None:
    pieces = [
        ("contentBlockDelta", {"delta": {"reasoningContent": {"redactedContent": text}}}) for text in ("YQ==", "Yg==")
    ]
    blocks, _ = gather(decode(*pieces, ("contentBlockStop", {}), STOP))
    assert blocks == [RedactedThinking("YWI=")]


def test_pictures_and_tools_that_bedrock_runs_have_blocks_of_their_own() -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "nova_grounding", "type": "server_tool_use"}}
    blocks, _ = gather(
        decode(
            ("contentBlockStart", {"contentBlockIndex": 0, "start": use}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("contentBlockStart", {"contentBlockIndex": 1, "start": {"image": {"format": "webp"}}}),
            ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"image": {"source": {"bytes": "UklGRg=="}}}}),
            ("contentBlockStop", {"contentBlockIndex": 1}),
            STOP,
        )
    )
    tool, image = blocks
    assert isinstance(tool, VendorBlock)
    assert (tool.kind, json.loads(bytes(tool.raw))) == ("server_tool_use", use)
    assert image == Image(InlineData("image/webp", "UklGRg=="))


def test_members_that_are_null_say_nothing() -> None:
    events = decode(
        ("messageStart", {"role": None}),
        ("contentBlockStart", {"start": None}),
        ("contentBlockStart", {"start": {"toolUse": None, "toolResult": None}}),
        ("contentBlockDelta", {"delta": {"text": None, "citation": None, "toolUse": None}}),
        ("contentBlockDelta", {"delta": {"reasoningContent": {"text": None, "signature": None}}}),
        ("messageStop", {"stopReason": None, "additionalModelResponseFields": None}),
        ("metadata", {"usage": None, "serviceTier": None}),
    )
    assert [type(event).__name__ for event in events] == ["Begin", "Finish", "UsageReport", "End"]


def test_the_format_is_found_by_its_id() -> None:
    assert find_upstream_format("bedrock_converse") is UPSTREAM
    assert UPSTREAM.framing == "aws_eventstream"

"""Turns of a conversation: blocks in their order, results together, markers and signatures where they belong."""

from __future__ import annotations

import json

import msgspec
import pytest

from penstock.core.chat import (
    CacheMarker,
    ChatRequest,
    Image,
    InlineData,
    Message,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    VendorBlock,
)
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.openai_chat.lift_request import lift_request

EPHEMERAL: dict[str, object] = {"type": "ephemeral"}
CALL = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}


def lift(*messages: object) -> ChatRequest:
    return lift_request(JsonObject(json.dumps({"messages": messages}).encode()))


def assistant(**members: object) -> Message:
    return lift({"role": "assistant", "content": None, **members}).messages[0]


def test_results_that_stand_together_are_one_turn() -> None:
    calls = [CALL, {**CALL, "id": "c2"}]
    messages = lift(
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "tool", "tool_call_id": "c1", "content": ""},
        {"role": "user", "content": "go on"},
        {"role": "tool", "tool_call_id": "c1", "content": "again"},
    ).messages
    assert [(message.role, message.at) for message in messages] == [
        ("assistant", "messages[0]"),
        ("user", "messages[1]"),
        ("user", "messages[3]"),
        ("user", "messages[4]"),
    ]
    assert messages[1].blocks == [
        ToolResult("c2", (Text("two", at="messages[1].content"),), at="messages[1]"),
        ToolResult("c1", (), at="messages[2]"),
    ]


def test_thinking_comes_back_with_its_signature_in_front_of_the_calls() -> None:
    turn = assistant(
        reasoning_content="shown",
        thinking_blocks=[
            {"type": "thinking", "thinking": "hm", "signature": "c2ln", "index": 0},
            {"type": "redacted_thinking", "data": "eno="},
        ],
        tool_calls=[{**CALL, "index": 0, "extra_content": {"google": {"thought_signature": "Z3M="}}}],
    )
    assert turn.blocks == [
        Thinking("hm", "c2ln", "messages[0].thinking_blocks[0]"),
        RedactedThinking("eno=", "messages[0].thinking_blocks[1]"),
        ToolCall("c1", "now", "{}", "Z3M=", at="messages[0].tool_calls[0]"),
    ]


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_reasoning_without_blocks_is_thinking_without_a_signature(member: str) -> None:
    turn = assistant(content="4", **{member: "2+2"})
    assert turn.blocks[0] == Thinking("2+2", at="messages[0].reasoning_content")


def test_thinking_as_parts_is_read() -> None:
    parts = [{"type": "thinking", "text": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]
    assert assistant(content=parts).blocks == [
        Thinking("hm", "s", "messages[0].content[0]"),
        RedactedThinking("d", "messages[0].content[1]"),
    ]


@pytest.mark.parametrize(("content", "texts"), [("a", ["a"]), (None, [""])])
def test_the_signature_of_a_turn_is_its_last_texts(content: str | None, texts: list[str]) -> None:
    turn = assistant(content=content, extra_content={"google": {"thought_signature": "Z3M="}})
    assert [(block.text, block.signature) for block in turn.blocks if isinstance(block, Text)] == [(texts[0], "Z3M=")]


def test_refusals_sound_and_custom_calls_are_kept() -> None:
    custom = {"id": "c9", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    turn = assistant(refusal="no", audio={"id": "a1"}, tool_calls=[custom])
    assert turn.blocks[0] == Refusal("no", "messages[0].refusal")
    sound, call = turn.blocks[1:]
    assert isinstance(sound, VendorBlock)
    assert isinstance(call, VendorBlock)
    assert (sound.vendor, sound.kind, bytes(sound.raw)) == ("openai_chat", "audio", b'{"id": "a1"}')
    assert (call.kind, msgspec.json.decode(call.raw)["id"]) == ("custom_tool_call", "c9")


def test_pictures_that_the_model_made_come_back() -> None:
    made = {"type": "image_url", "index": 0, "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert assistant(content="here", images=[made]).blocks == [
        Text("here", at="messages[0].content"),
        Image(InlineData("image/png", "iVBORw0KGgo="), at="messages[0].images[0]"),
    ]


@pytest.mark.parametrize(("name", "unread"), [("now", ()), ("later", ("messages[1].name",))])
def test_the_name_of_the_tool_beside_its_result_says_nothing_new(name: str, unread: tuple[str, ...]) -> None:
    result = {"role": "tool", "tool_call_id": "c1", "content": "x", "name": name}
    assert lift({"role": "assistant", "tool_calls": [CALL]}, result).unread == unread


# --- cache markers


def test_a_message_marks_its_last_block() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    blocks = (
        lift({"role": "user", "content": parts, "cache_control": {"type": "ephemeral", "ttl": "1h"}}).messages[0].blocks
    )
    assert [block.cache for block in blocks if isinstance(block, Text)] == [None, CacheMarker("1h")]


def test_a_marker_inside_a_result_is_the_results() -> None:
    turn = lift(
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "x", "cache_control": EPHEMERAL}]},
    ).messages[1]
    assert turn.blocks == [
        ToolResult("c1", (Text("x", at="messages[1].content[0]"),), cache=CacheMarker(), at="messages[1]")
    ]


def test_openais_own_marker_is_one_and_its_time_is_not_carried() -> None:
    part = {"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}
    request = lift({"role": "user", "content": [part]})
    assert request.messages[0].blocks == [Text("x", CacheMarker(), at="messages[0].content[0]")]
    assert request.unread == ("messages[0].content[0].prompt_cache_breakpoint.ttl",)


# --- what is refused


@pytest.mark.parametrize(
    ("messages", "code", "param"),
    [
        ([{"role": "assistant", "content": None}], "invalid_request", "messages[0].content"),
        ([{"role": "tool", "content": "x"}], "invalid_request", "messages[0].tool_call_id"),
        (
            [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}],
            "invalid_tool_arguments",
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            [{"role": "assistant", "tool_calls": [{"id": "x", "type": "function"}]}],
            "invalid_request",
            "messages[0].tool_calls[0].function",
        ),
        ([{"role": "function", "name": "f", "content": "1"}], "tool_result_without_call", "messages[0].name"),
        (
            [{"role": "tool", "tool_call_id": "c1", "content": "x"}, {"role": "assistant", "tool_calls": [CALL]}],
            "tool_result_without_call",
            "messages[0].tool_call_id",
        ),
        (
            [{"role": "user", "content": [{"type": "refusal", "refusal": "no"}]}],
            "invalid_request",
            "messages[0].content[0].type",
        ),
    ],
)
def test_a_turn_that_makes_no_sense_is_refused(messages: list[object], code: str, param: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        lift(*messages)
    assert (refusal.value.code, refusal.value.param) == (code, param)


def test_a_function_call_is_answered_once() -> None:
    call = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
    result = {"role": "function", "name": "f", "content": "1"}
    assert isinstance(lift(call, result).messages[1].blocks[0], ToolResult)
    with pytest.raises(InvalidRequest):
        lift(call, result, result)

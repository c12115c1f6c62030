"""Requests of other formats to a provider that speaks OpenAI: what has a place, what moves, and what is reported."""

from __future__ import annotations

import json
from typing import Literal

import msgspec
import pytest

from penstock.core.chat import (
    Audio,
    Block,
    CacheMarker,
    ChatRequest,
    Document,
    FileSource,
    Image,
    InlineData,
    Message,
    Reasoning,
    RedactedThinking,
    ResponseFormat,
    Text,
    TextSource,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    UrlSource,
    VendorBlock,
    VendorTool,
)
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import ModelFacts
from penstock.data import facts_of
from penstock.wire.openai_chat.lower_request import lower_request
from tests.wire.chat_oracles import check_openai_request

HELLO = Message("user", [Text("Hello")])
RAW = msgspec.Raw(b'{"a": 1.0}')
Losses = list[tuple[str, str]]


def lower(facts: ModelFacts = ModelFacts(), **members: object) -> tuple[dict[str, object], Losses]:  # noqa: B008 - frozen
    paths = {"max_output_tokens": "max_tokens", "reasoning": "thinking", "user": "metadata.user_id"}
    request = ChatRequest(vendor="anthropic_messages", paths=paths, messages=[HELLO])
    for name, value in members.items():
        setattr(request, name, value)
    lowered = lower_request(request, "m", facts)
    body: dict[str, object] = json.loads(lowered.body)
    check_openai_request(body)
    return body, [(loss.path, loss.kind) for loss in lowered.losses]


def messages(*turns: Message) -> tuple[object, Losses]:
    body, losses = lower(messages=list(turns))
    return body["messages"], losses


def user(*blocks: Block) -> tuple[object, Losses]:
    written, losses = messages(Message("user", list(blocks)))
    assert isinstance(written, list)
    return written[0]["content"], losses


# --- messages


def test_results_come_directly_behind_their_calls() -> None:
    calls: list[Block] = [ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")]
    written, losses = messages(
        Message("assistant", calls),
        Message("user", [Text("first"), ToolResult("a", (Text("one"),))]),
        Message("user", [ToolResult("b", ()), Text("second")]),
        Message("assistant", [Text("ok")]),
    )
    assert isinstance(written, list)
    assert [(turn["role"], turn["content"]) for turn in written] == [
        ("assistant", None),
        ("tool", "one"),
        ("tool", ""),
        ("user", "first"),
        ("user", "second"),
        ("assistant", "ok"),
    ]
    assert losses == []


def test_pictures_and_errors_in_results() -> None:
    picture = Image(UrlSource("https://example.com/a.png"), at="messages[1].content[0].content[0]")
    blocks: list[Block] = [ToolResult("a", (picture,), is_error=True, at="messages[1].content[0]")]
    written, losses = messages(Message("assistant", [ToolCall("a", "f", "{}")]), Message("user", blocks))
    assert isinstance(written, list)
    assert written[1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "Error: "},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
    ]
    assert losses == [
        ("$.messages[1].content[0].content[0]", "moved"),
        ("$.messages[1].content[0].is_error", "approximated"),
    ]


def test_thinking_and_signatures_of_another_vendor_are_left_out_and_said_so() -> None:
    blocks: list[Block] = [
        Thinking("a", "s", "messages[0].content[0]"),
        RedactedThinking("d", "messages[0].content[1]"),
        Text("x", signature="g", at="messages[0].content[2]"),
        ToolCall("a", "f", "{}", "g", at="messages[0].content[3]"),
    ]
    written, losses = messages(Message("assistant", blocks))
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert written == [{"role": "assistant", "content": "x", "tool_calls": [call]}]
    assert sorted(losses) == [(f"$.messages[0].content[{number}]", "dropped") for number in range(4)]


def test_a_turn_without_anything_is_empty_text() -> None:
    written, _ = messages(Message("assistant", []), Message("user", []), Message("system", []))
    assert written == [{"role": role, "content": ""} for role in ("assistant", "user", "system")]


def test_blocks_and_markers_of_others_are_reported() -> None:
    upload = VendorBlock("anthropic_messages", "container_upload", RAW, "messages[0].content[1]")
    content, losses = user(Text("x", CacheMarker("1h"), at="messages[0].content[0]"), upload)
    assert content == "x"
    assert losses == [("$.messages[0].content[0].cache_control", "dropped"), ("$.messages[0].content[1]", "dropped")]


def test_documents_are_files_or_text() -> None:
    content, losses = user(
        Document(InlineData("application/pdf", "JVBERi0x"), "Report", context="old", cite=True, at="a"),
        Document(TextSource("words"), "Notes", at="b"),
        Document(FileSource("f1"), at="c"),
    )
    assert content == [
        {"type": "file", "file": {"filename": "Report.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"}},
        {"type": "text", "text": "Notes\n\nwords"},
        {"type": "file", "file": {"file_id": "f1"}},
    ]
    assert losses == [("$.a.context", "dropped"), ("$.a.citations", "dropped"), ("$.b", "approximated")]


@pytest.mark.parametrize(
    "block",
    [
        Image(UrlSource("gs://b/a.png"), at="x"),
        Image(FileSource("f1"), at="x"),
        Audio(InlineData("audio/flac", "AAAA"), at="x"),
        Audio(UrlSource("https://example.com/a.wav"), at="x"),
        Document(UrlSource("https://example.com/a.pdf"), at="x"),
    ],
)
def test_content_that_has_no_place_is_refused(block: Block) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        user(block)
    assert (refusal.value.code, refusal.value.param) == ("unsupported_content", "x")


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_a_picture_where_only_users_have_them_is_refused(role: Literal["assistant", "system"]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        messages(Message(role, [Image(InlineData("image/png", "AA=="), at="x")]))
    assert (refusal.value.code, refusal.value.param) == ("unsupported_content", "x")


# --- settings


def test_what_openai_has_no_setting_for_is_reported() -> None:
    body, losses = lower(
        top_k=5, metadata=RAW, extras={"mcp_servers": RAW, "container": msgspec.Raw(b"null")}, service_tier="batch"
    )
    assert set(body) == {"model", "messages"}
    assert sorted(losses) == [
        ("$.mcp_servers", "dropped"),
        ("$.metadata", "dropped"),
        ("$.service_tier", "dropped"),
        ("$.top_k", "dropped"),
    ]


def test_settings_that_have_another_name() -> None:
    body, losses = lower(
        max_output_tokens=9, user="u", service_tier="standard_only", stop=("a",), stream=True, wants_usage_event=True
    )
    assert losses == []
    assert body | {"messages": None} == {
        "model": "m", "messages": None, "max_completion_tokens": 9, "user": "u", "service_tier": "default",
        "stop": ["a"], "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip


def test_more_than_four_stop_sequences_are_too_many() -> None:
    body, losses = lower(stop=("a", "b", "c", "d", "e"))
    assert body["stop"] == ["a", "b", "c", "d"]
    assert losses == [("$.stop", "clamped")]


def test_a_model_without_sampling_is_not_sampled() -> None:
    body, losses = lower(ModelFacts(sampling=False), temperature=0.5, top_p=0.5)
    assert set(body) == {"model", "messages"}
    assert losses == [("$.temperature", "dropped"), ("$.top_p", "dropped")]


@pytest.mark.parametrize(
    ("asked", "efforts", "effort", "losses"),
    [
        (Reasoning("enabled", None, 1024), ("low", "medium", "high"), "low", ["approximated"]),
        (Reasoning("enabled", None, 9000), ("low", "medium", "high"), "medium", ["approximated"]),
        (Reasoning("enabled", None, 60_000), ("low", "medium", "high"), "high", ["approximated"]),
        (Reasoning("adaptive", "xhigh"), ("low", "medium", "high"), "high", ["approximated"]),
        (Reasoning("adaptive", "medium"), ("low", "medium", "high"), "medium", []),
        (Reasoning("adaptive"), ("low", "medium", "high"), None, []),
        (Reasoning("disabled"), ("none", "low"), "none", []),
        (Reasoning("disabled"), ("minimal", "low"), "minimal", ["approximated"]),
        (Reasoning("disabled"), (), None, []),
        (Reasoning("enabled", None, 2000), (), None, ["dropped"]),
        (Reasoning(None, "turbo"), ("low", "medium", "high"), "medium", ["approximated"]),
    ],
)
def test_thinking_becomes_an_effort_that_the_model_takes(
    asked: Reasoning, efforts: tuple[str, ...], effort: str | None, losses: list[str]
) -> None:
    body, found = lower(ModelFacts(efforts=efforts), reasoning=asked)
    assert body.get("reasoning_effort") == effort
    assert [kind for _, kind in found] == losses


@pytest.mark.parametrize(
    ("beside_tools", "asked", "effort", "losses"),
    [
        ("any", Reasoning(None, "high"), "high", []),
        ("unsaid", Reasoning(None, "high"), None, ["dropped"]),
        ("unsaid", None, None, []),
        ("none", Reasoning("enabled", None, 9000), "none", ["dropped"]),
        ("none", Reasoning("disabled"), "none", []),
        ("none", None, "none", []),
    ],
)
def test_an_effort_beside_tools_is_what_the_model_takes_there(
    beside_tools: str, asked: Reasoning | None, effort: str | None, losses: list[str]
) -> None:
    facts = msgspec.convert({"efforts": ["none", "medium", "high"], "effort_beside_tools": beside_tools}, ModelFacts)
    body, found = lower(facts, reasoning=asked, tools=[Tool("f")])
    assert body.get("reasoning_effort") == effort
    assert [kind for _, kind in found] == losses


def test_a_model_with_a_switch_is_switched_and_gets_its_reasoning_back_beside_calls() -> None:
    facts = facts_of("deepseek-v4-pro")
    turns = [
        HELLO,
        Message("assistant", [Thinking("hm", at="a"), ToolCall("c", "f", "{}")]),
        Message("user", [ToolResult("c", (Text("1"),))]),
        Message("assistant", [ToolCall("d", "f", "{}")]),
        Message("user", [ToolResult("d", (Text("2"),))]),
        Message("assistant", [Thinking("done", at="b"), Text("3")]),
    ]
    request = ChatRequest(vendor="anthropic_messages", paths={}, messages=turns)
    request.reasoning = Reasoning("enabled", None, 9000)
    lowered = lower_request(request, "m", facts)
    body = json.loads(lowered.body)
    assert [turn.get("reasoning_content") for turn in body["messages"] if turn["role"] == "assistant"] == [
        "hm",
        "",
        None,
    ]
    assert (body["thinking"], body["reasoning_effort"]) == ({"type": "enabled"}, "high")
    assert {loss.path for loss in lowered.losses} == {"$.reasoning", "$.b"}
    request.reasoning = Reasoning("disabled")
    body = json.loads(lower_request(request, "m", facts).body)
    assert body["thinking"] == {"type": "disabled"}
    assert "reasoning_effort" not in body


# --- tools and form


def test_tools_of_other_vendors_are_reported_and_a_choice_among_none_too() -> None:
    search = VendorTool("anthropic_messages", "web_search_20250305", RAW, "tools[0]")
    body, losses = lower(tools=[search], tool_choice=ToolChoice("required"), parallel_tool_calls=False)
    assert set(body) == {"model", "messages"}
    assert losses == [("$.tools[0]", "dropped"), ("$.tool_choice", "dropped")]


def test_tools_and_the_choice_among_them() -> None:
    tools = [Tool("f", "d", RAW, strict=True, cache=CacheMarker(), at="tools[0]"), Tool("g")]
    body, losses = lower(tools=tools, tool_choice=ToolChoice("named", ("g",)), parallel_tool_calls=False)
    assert body["tools"] == [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"a": 1.0}, "strict": True}},
        {"type": "function", "function": {"name": "g"}},
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "g"}}
    assert body["parallel_tool_calls"] is False
    assert losses == [("$.tools[0].cache_control", "dropped")]


def test_a_choice_of_another_vendors_tool_is_reported() -> None:
    search = VendorTool("anthropic_messages", "web_search_20250305", RAW, "tools[1]")
    body, losses = lower(tools=[Tool("f"), search], tool_choice=ToolChoice("named", ("web_search",)))
    assert "tool_choice" not in body
    assert losses == [("$.tools[1]", "dropped"), ("$.tool_choice", "dropped")]


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (b'{"type":"object"}', {"type": "object", "properties": {}}),
        (b'{"type":"object","properties":{"a":{}}}', {"type": "object", "properties": {"a": {}}}),
        (b'{"anyOf":[{"type":"object"}]}', {"anyOf": [{"type": "object"}]}),
    ],
)
def test_a_schema_of_an_object_says_its_properties(schema: bytes, written: object) -> None:
    body, losses = lower(tools=[Tool("f", schema=msgspec.Raw(schema))])
    assert body["tools"] == [{"type": "function", "function": {"name": "f", "parameters": written}}]
    assert losses == []


def test_numbers_of_schemas_keep_their_spelling() -> None:
    request = ChatRequest(vendor="anthropic_messages", paths={}, messages=[HELLO], tools=[Tool("f", schema=RAW)])
    request.response_format = ResponseFormat("json_schema", RAW)
    assert lower_request(request, "m", ModelFacts()).body.count(b'{"a": 1.0}') == 2


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        (ResponseFormat("json_object"), {"type": "json_object"}),
        (ResponseFormat("text"), None),
        (
            ResponseFormat("json_schema", RAW, description="d", strict=True),
            {
                "type": "json_schema",
                "json_schema": {"name": "answer", "description": "d", "schema": {"a": 1.0}, "strict": True},
            },
        ),
    ],
)
def test_the_form_of_the_answer(wanted: ResponseFormat, written: object) -> None:
    assert lower(response_format=wanted)[0].get("response_format") == written

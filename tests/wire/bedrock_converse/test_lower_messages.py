"""Turns beyond the vectors: blocks that callers of OpenAI's format do not have, and what is wrong with them."""

from __future__ import annotations

import json

import msgspec
import pytest

from penstock.core.chat import (
    Block,
    CacheMarker,
    ChatRequest,
    Citation,
    Document,
    Image,
    InlineData,
    Message,
    RedactedThinking,
    Role,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    VendorBlock,
)
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import UNKNOWN_MODEL
from penstock.wire.bedrock_converse.lower_request import lower_request
from tests.wire.bedrock_converse.lowering import CLAUDE, lower

PICTURE = Image(InlineData("image/png", "AAAA"), at="m[0].c[0]")
SEARCH = {"type": "search_result", "source": "https://e.com", "title": "T", "content": [{"type": "text", "text": "x"}]}


def search(**more: object) -> VendorBlock:
    raw = msgspec.Raw(json.dumps({**SEARCH, **more}).encode())
    return VendorBlock("anthropic_messages", "search_result", raw, "m[0].c[0]")


def test_a_search_result_is_one_here_too_also_in_a_tools_result() -> None:
    expected = {"searchResult": {"source": "https://e.com", "title": "T", "content": [{"text": "x"}]}}
    cited = {"searchResult": {**expected["searchResult"], "citations": {"enabled": True}}}
    result = ToolResult("c1", (search(),))
    body, _ = lower(Message("user", [search(citations={"enabled": True}), result]))
    content = body["messages"][0]["content"]
    assert content[0]["toolResult"]["content"] == [expected]
    assert content[1] == cited


def test_a_document_keeps_its_context_its_citations_and_its_place_in_the_cache() -> None:
    document = Document(TextSource("x"), "A / b", "From 2026.", cite=True, cache=CacheMarker("1h"), at="d")
    twin = Document(TextSource("y"), "A b", at="e")
    body, lost = lower(Message("user", [document, Text("Which?"), twin]))
    assert body["messages"][0]["content"] == [
        {
            "document": {
                "format": "txt",
                "name": "A b",
                "source": {"text": "x"},
                "context": "From 2026.",
                "citations": {"enabled": True},
            }
        },
        {"cachePoint": {"type": "default", "ttl": "1h"}},
        {"text": "Which?"},
        {"document": {"format": "txt", "name": "A b (2)", "source": {"text": "y"}}},
    ]
    assert lost == [("$.d", "approximated"), ("$.e", "approximated")]


def test_a_marker_is_kept_for_a_profile_whose_name_says_nothing() -> None:
    profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
    body, lost = lower(Message("user", [Text("Long.", CacheMarker("1h"), at="x")]), model=profile)
    assert body["messages"][0]["content"] == [{"text": "Long."}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert lost == []


def test_ids_that_become_equal_stay_different_and_are_the_same_for_call_and_result() -> None:
    ids = ["x" * 70, "x" * 64, "a.b", "a_b"]
    calls: list[Block] = [ToolCall(each, "f", "{}") for each in ids]
    body, _ = lower(Message("assistant", calls), Message("user", [ToolResult(each, (Text("r"),)) for each in ids]))
    _, assistant, user = body["messages"]
    called = [block["toolUse"]["toolUseId"] for block in assistant["content"]]
    assert len(set(called)) == 4
    assert called == [block["toolResult"]["toolUseId"] for block in user["content"]]
    assert called[3] != called[2] == "a_b"


def test_arguments_keep_their_text() -> None:
    call = ToolCall("c", "f", ' {"b": 1.50, "a": 1e3} ')
    request = ChatRequest("openai_chat", {}, [Message("user", [Text("x")]), Message("assistant", [call])])
    assert b'"input":{"b": 1.50, "a": 1e3}}' in lower_request(request, CLAUDE, UNKNOWN_MODEL).body


def test_what_is_not_sent_of_earlier_answers_is_said() -> None:
    text = Text("So.", citations=(Citation(url="https://e.com"),), signature="gemini", at="t")
    call = ToolCall("c", "f", "{}", signature="gemini", at="c")
    tool = VendorBlock("anthropic_messages", "server_tool_use", msgspec.Raw(b"{}"), "v")
    body, lost = lower(Message("user", [Text("x"), Thinking("?", "s", "u")]), Message("assistant", [text, tool, call]))
    assert [next(iter(block)) for block in body["messages"][1]["content"]] == ["text", "toolUse"]
    assert [path for path, _ in lost] == ["$.u", "$.t", "$.t", "$.v", "$.c", "$.tools"]


@pytest.mark.parametrize(
    ("role", "block", "code"),
    [
        ("assistant", PICTURE, "unsupported_content"),
        ("system", PICTURE, "unsupported_content"),
        ("assistant", ToolResult("c", (), at="m[0].c[0]"), "unsupported_content"),
        (
            "assistant",
            VendorBlock("openai_chat", "custom_tool_call", msgspec.Raw(b"{}"), "m[0].c[0]"),
            "unsupported_content",
        ),
        (
            "user",
            VendorBlock("anthropic_messages", "container_upload", msgspec.Raw(b"{}"), "m[0].c[0]"),
            "unsupported_content",
        ),
        ("user", Image(TextSource("x"), at="m[0].c[0]"), "unsupported_content"),
        ("user", search(content=7), "invalid_request"),
        ("assistant", ToolCall("c", "f", "[1]", at="m[0].c[0]"), "invalid_tool_arguments"),
        ("assistant", ToolCall("c", "f", '{"a":' * 3000, at="m[0].c[0]"), "invalid_tool_arguments"),
        ("assistant", ToolCall("c", "f g", "{}", at="m[0].c[0]"), "invalid_tool_name"),
    ],
)
def test_what_no_turn_can_carry_is_refused_by_its_path(role: Role, block: Block, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        lower(Message("user", [Text("x")]), Message(role, [block]))
    assert (refused.value.code, refused.value.param) == (code, "m[0].c[0]")


def test_the_stop_sequence_that_was_met_is_asked_for_only_where_the_caller_can_read_it() -> None:
    body, _ = lower(stop=("END",))
    assert body["additionalModelResponseFieldPaths"] == ["/stop_sequence"]
    assert "additionalModelResponseFieldPaths" not in lower(stop=("END",), vendor="openai_chat")[0]
    assert "additionalModelResponseFieldPaths" not in lower(stop=("END",), model="amazon.nova-pro-v1:0")[0]
    given = {"additionalModelResponseFieldPaths": msgspec.Raw(b'["/x"]')}
    assert lower(stop=("END",), extras=given)[0]["additionalModelResponseFieldPaths"] == ["/x"]


def test_metadata_that_the_log_of_aws_would_refuse_is_lost() -> None:
    many = {f"k{number}": "v" for number in range(20)}
    body, lost = lower(metadata=msgspec.Raw(json.dumps(many).encode()))
    assert len(body["requestMetadata"]) == 16
    assert [kind for _, kind in lost] == ["dropped"] * 4
    assert lower(metadata=msgspec.Raw(b'{"a":{}}'))[1] == [("$.metadata", "dropped")]


def test_fields_for_the_model_must_be_an_object() -> None:
    with pytest.raises(InvalidRequest) as refused:
        lower(extras={"additionalModelRequestFields": msgspec.Raw(b"[]")})
    assert refused.value.param == "additionalModelRequestFields"


def test_a_begun_answer_with_a_cache_marker_ends_without_white_space_too() -> None:
    begun = Message("assistant", [Text("So \n", CacheMarker(), at="t")], at="m")
    body, lost = lower(Message("user", [Text("x")]), begun)
    assert body["messages"][1]["content"] == [{"text": "So"}, {"cachePoint": {"type": "default"}}]
    assert lost == [("$.m", "clamped")]


@pytest.mark.parametrize("data", ["", "?", "not base64", "QUI", "QUJD-_==", "QUJD\n", "QUJ=D", "\u6f22", "gemini:QUJD"])
def test_redacted_thinking_that_is_no_base64_is_left_out_and_told(data: str) -> None:
    redacted = RedactedThinking(data, "messages[1].content[0]")
    turns = Message("assistant", [redacted, Text("Yes.")]), Message("user", [Text("Sure?")])
    body, losses = lower(Message("user", [Text("Is it?")]), *turns)
    assert body["messages"][1] == {"role": "assistant", "content": [{"text": "Yes."}]}
    assert losses == [("$.messages[1].content[0]", "dropped")]


def test_redacted_thinking_in_base64_goes_back_as_it_is() -> None:
    turns = Message("assistant", [RedactedThinking("QUI="), Text("Yes.")]), Message("user", [Text("Sure?")])
    body, losses = lower(Message("user", [Text("Is it?")]), *turns)
    assert body["messages"][1]["content"][0] == {"reasoningContent": {"redactedContent": "QUI="}}
    assert losses == []

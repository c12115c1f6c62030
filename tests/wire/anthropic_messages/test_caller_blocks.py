"""Messages and blocks of callers of Anthropic's format, and what is refused with which path."""

from __future__ import annotations

import json

import msgspec
import pytest
from anthropic.types.content_block_param import ContentBlockParam
from anthropic.types.tool_result_block_param import Content

from penstock.core.chat import (
    Citation,
    Document,
    FileSource,
    Image,
    InlineData,
    Message,
    RedactedThinking,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.wire.anthropic_messages.vocabulary import FORMAT, VENDOR_BLOCKS
from tests.wire.anthropic_messages.lifting import CALL, USER, blocks_of, kinds, lifted, refused, turns


def test_every_kind_of_block_of_the_sdk_is_known() -> None:
    neutral = {"text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"}
    assert set(kinds(ContentBlockParam)) | set(kinds(Content)) <= neutral | VENDOR_BLOCKS
    assert not neutral & VENDOR_BLOCKS


def test_a_conversation_with_tools_and_thinking_keeps_order_and_signatures() -> None:
    _, assistant, results = turns(
        USER,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "ZGF0YQ=="},
                {"type": "text", "text": "Let me see.", "citations": None},
                {**CALL, "input": {"b": 1, "a": [1.0]}, "caller": {"type": "direct"}},
                {**CALL, "id": "toolu_2", "extra_content": {"google": {"thought_signature": "Zw=="}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "is_error": True,
                    "content": [
                        {"type": "text", "text": "broken"},
                        {"type": "image", "source": {"type": "url", "url": "https://a.example/p.png"}},
                        {"type": "search_result", "source": "s", "title": "t", "content": []},
                    ],
                },
                {"type": "tool_result", "tool_use_id": "toolu_2"},
            ],
        },
    )
    at = "messages[1].content"
    assert assistant.blocks == [
        Thinking("hm", "c2ln", f"{at}[0]"),
        RedactedThinking("ZGF0YQ==", f"{at}[1]"),
        Text("Let me see.", at=f"{at}[2]"),
        ToolCall("toolu_1", "f", '{"b": 1, "a": [1.0]}', at=f"{at}[3]"),
        ToolCall("toolu_2", "f", "{}", "Zw==", at=f"{at}[4]"),
    ]
    at = "messages[2].content"
    first, second, third = results.blocks
    assert first == ToolResult("toolu_1", (Text("fine", at=f"{at}[0].content"),), at=f"{at}[0]")
    assert isinstance(second, ToolResult)
    assert second.is_error is True
    assert second.content[:2] == (
        Text("broken", at=f"{at}[1].content[0]"),
        Image(UrlSource("https://a.example/p.png"), at=f"{at}[1].content[1]"),
    )
    assert isinstance(second.content[2], VendorBlock)
    assert third == ToolResult("toolu_2", (), at=f"{at}[2]")


def test_a_system_message_may_stand_among_the_others() -> None:
    system = turns(USER, {"role": "system", "content": [{"type": "text", "text": "s"}]})[1]
    assert system == Message("system", [Text("s", at="messages[1].content[0]")], at="messages[1]")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"type": "base64", "media_type": "application/pdf", "data": "AAAA"}, InlineData("application/pdf", "AAAA")),
        ({"type": "url", "url": "https://a.example/d.pdf"}, UrlSource("https://a.example/d.pdf")),
        ({"type": "file", "file_id": "file_1"}, FileSource("file_1")),
        ({"type": "text", "media_type": "text/plain", "data": "words"}, TextSource("words")),
        ({"type": "content", "content": "words"}, TextSource("words")),
        (
            {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            TextSource("a\n\nb"),
        ),
    ],
)
def test_a_document_may_stand_in_many_places(source: object, expected: object) -> None:
    (document,) = blocks_of(
        {"type": "document", "source": source, "title": "T", "context": "C", "citations": {"enabled": True}}
    )
    assert document == Document(expected, "T", "C", cite=True, at="messages[0].content[0]")  # type: ignore[arg-type]


def test_a_document_with_pictures_travels_as_it_is() -> None:
    picture = {"type": "image", "source": {"type": "file", "file_id": "f"}}
    written = {"type": "document", "source": {"type": "content", "content": [picture]}, "title": "T"}
    (block,) = blocks_of(written)
    assert isinstance(block, VendorBlock)
    kept = {name: value for name, value in json.loads(bytes(block.raw)).items() if value is not None}
    assert (block.vendor, block.kind, kept) == (FORMAT, "document", written)


def test_citations_keep_the_vendors_own_words() -> None:
    citation = {
        "type": "char_location",
        "cited_text": "x",
        "document_index": 2,
        "document_title": "D",
        "end_char_index": 4,
    }
    (text,) = blocks_of({"type": "text", "text": "x", "citations": [citation]}, role="assistant")
    assert isinstance(text, Text)
    (kept,) = text.citations
    assert (kept.title, kept.cited_text, kept.document_index, kept.vendor) == ("D", "x", 2, FORMAT)
    assert json.loads(bytes(kept.raw)) == citation
    (odd,) = blocks_of({"type": "text", "text": "x", "citations": [7]}, role="assistant")
    assert odd == Text("x", citations=(Citation(vendor=FORMAT, raw=msgspec.Raw(b"7")),), at="messages[0].content[0]")


def test_members_that_nobody_documents_are_noted_wherever_they_stand() -> None:
    marker = {"type": "ephemeral", "ttl": "5m", "scope": "global"}
    request = lifted(
        system=[{"type": "text", "text": "s", "cache_control": marker}],
        messages=[
            {
                "role": "user",
                "mood": "good",
                "content": [
                    {"type": "text", "text": "a", "weight": 1, "nothing": None},
                    {
                        "type": "image",
                        "source": {"type": "url", "url": "https://u", "size": 1},
                        "transformations": {"x": 1},
                    },
                    {
                        "type": "document",
                        "source": {"type": "file", "file_id": "f", "page": 1},
                        "citations": {"deep": 1},
                    },
                ],
            }
        ],
        metadata={"user_id": "u", "team": "t"},
        output_config={"task_budget": {}},
    )
    assert set(request.unread) == {
        "system[0].cache_control.scope",
        "messages[0].mood",
        "messages[0].content[0].weight",
        "messages[0].content[1].source.size",
        "messages[0].content[1].transformations",
        "messages[0].content[2].source.page",
        "messages[0].content[2].citations.deep",
        "metadata.team",
        "output_config.task_budget",
    }
    assert len(request.messages[1].blocks) == 3


@pytest.mark.parametrize(
    ("block", "param"),
    [
        (7, ""),
        ({"text": "x"}, ".type"),
        ({"type": "txt"}, ".type"),
        ({"type": "text"}, ".text"),
        ({"type": "text", "text": 7}, ".text"),
        ({"type": "text", "text": "x", "cache_control": {"type": "x"}}, ".cache_control.type"),
        ({"type": "image"}, ".source"),
        ({"type": "image", "source": {"type": "base64", "data": "x"}}, ".source.media_type"),
        ({"type": "image", "source": {"type": "base64", "media_type": "a/b", "data": "x"}}, ".source.media_type"),
        ({"type": "image", "source": {"type": "text", "data": "x"}}, ".source.type"),
        ({"type": "image", "source": {"type": "url", "url": "hello"}}, ".source.url"),
        ({"type": "image", "source": {"type": "url", "url": "file:///etc/passwd"}}, ".source.url"),
        ({"type": "document", "source": {"type": "url", "url": ""}}, ".source.url"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/x", "data": "%%%"}}, ".source.data"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}, ".source.data"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}, ".source.data"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/jpg", "data": "AAAA"}}, ".source.data"),
        ({"type": "document", "source": {"type": "base64", "media_type": "a/b", "data": "\u00e9"}}, ".source.data"),
        ({"type": "document", "source": {"type": "paper"}}, ".source.type"),
        ({"type": "tool_result", "tool_use_id": "nobody"}, ".tool_use_id"),
        ({"type": "thinking", "thinking": "x", "signature": "s"}, ""),
        (CALL, ""),
    ],
)
def test_a_block_that_is_wrong_is_refused_with_its_path(block: object, param: str) -> None:
    place, message = refused(messages=[{"role": "user", "content": [{"type": "text", "text": "secret"}, block]}])
    assert place == f"messages[0].content[1]{param}"
    assert "secret" not in message


@pytest.mark.parametrize("input_", [7, "x", [], None])
def test_an_input_that_is_no_object_is_refused(input_: object) -> None:
    place, _ = refused(messages=[{"role": "assistant", "content": [{**CALL, "input": input_}]}])
    assert place == "messages[0].content[0].input"


@pytest.mark.parametrize("part", [CALL, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "x"}, 7])
def test_a_result_holds_only_what_a_tool_can_give(part: object) -> None:
    place, _ = refused(
        messages=[
            {"role": "assistant", "content": [CALL]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [part]}]},
        ]
    )
    assert place is not None
    assert place.startswith("messages[1].content[0].content[0]")


def test_json_that_is_deeper_than_any_provider_takes_is_refused() -> None:
    deep: object = 1
    for _ in range(101):
        deep = {"a": deep}
    assert refused(tools=[{"name": "f", "input_schema": deep}])[0] == "tools[0].input_schema"
    brackets = {"art": "[{" * 500}
    (block,) = blocks_of({**CALL, "input": brackets}, role="assistant")
    assert isinstance(block, ToolCall)
    assert json.loads(block.arguments) == brackets

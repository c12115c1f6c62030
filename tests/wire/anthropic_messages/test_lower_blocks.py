from __future__ import annotations

import base64
import json

import msgspec
import pytest

from penstock.core.chat import (
    Audio,
    Block,
    CacheMarker,
    ChatRequest,
    Citation,
    Document,
    FileSource,
    Image,
    InlineData,
    RedactedThinking,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.wire.anthropic_messages.lower_blocks import write_assistant_block, write_user_block
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from penstock.wire.anthropic_messages.writing import Writing

PDF = "application/pdf"
MARK = {"cache_control": {"type": "ephemeral"}}


def writing() -> Writing:
    request = ChatRequest(vendor="test", paths={}, messages=[])
    return Writing(request, Losses(request))


def write(block: Block, *, assistant: bool = False) -> tuple[object, list[str]]:
    state = writing()
    written = (write_assistant_block if assistant else write_user_block)(block, state)
    return json.loads(msgspec.json.encode(written)), [f"{loss.kind} {loss.path}" for loss in state.losses.found]


@pytest.mark.parametrize(
    ("block", "expected", "losses"),
    [
        (Text("Hi", CacheMarker()), {"type": "text", "text": "Hi", **MARK}, []),
        (Text("", CacheMarker(), at="x"), None, ["dropped $.x.cache_control"]),
        (Text("\n ", at="x"), None, ["dropped $.x"]),
        (Text("Hi", signature="s", at="x"), {"type": "text", "text": "Hi"}, ["dropped $.x"]),
        (
            Text("Hi", citations=(Citation(url="u", vendor="other"),), at="x"),
            {"type": "text", "text": "Hi"},
            ["dropped $.x"],
        ),
        (
            Text("Hi", citations=(Citation(vendor=FORMAT, raw=msgspec.Raw(b'{"type":"char_location"}')),)),
            {"type": "text", "text": "Hi", "citations": [{"type": "char_location"}]},
            [],
        ),
        (
            Image(InlineData("IMAGE/JPG; q=1", "/9j/"), cache=CacheMarker("1h")),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"},
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            },
            [],
        ),
        (
            Image(InlineData(PDF, "JVBE"), detail="auto"),
            {"type": "document", "source": {"type": "base64", "media_type": PDF, "data": "JVBE"}},
            [],
        ),
        (
            Image(UrlSource("http://a/b"), cache=CacheMarker("24h"), at="x"),
            {"type": "image", "source": {"type": "url", "url": "http://a/b"}, **MARK},
            ["approximated $.x.cache_control"],
        ),
        (Image(FileSource("file_1")), {"type": "image", "source": {"type": "file", "file_id": "file_1"}}, []),
        (
            Document(TextSource("Hi"), "t", "c", cite=True),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Hi"},
                "title": "t",
                "context": "c",
                "citations": {"enabled": True},
            },
            [],
        ),
        (
            Document(InlineData("text/csv", base64.b64encode("ä,b".encode()).decode()), at="x"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ä,b"}},
            ["approximated $.x"],
        ),
        (
            Document(InlineData("image/png", "iVBO"), "a.png", at="x"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
            ["dropped $.x"],
        ),
        (Document(UrlSource("https://a/b")), {"type": "document", "source": {"type": "url", "url": "https://a/b"}}, []),
        (ToolResult("t", (), is_error=False), {"type": "tool_result", "tool_use_id": "t", "is_error": False}, []),
        (
            ToolResult("t", (Text(""), Image(UrlSource("https://a/b"))), cache=CacheMarker()),
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "image", "source": {"type": "url", "url": "https://a/b"}}],
                **MARK,
            },
            [],
        ),
        (VendorBlock(FORMAT, "search_result", msgspec.Raw(b'{"type":"search_result"}')), {"type": "search_result"}, []),
        (VendorBlock("gemini_generate", "x", msgspec.Raw(b"{}"), at="x"), None, ["dropped $.x"]),
    ],
)
def test_blocks_of_the_user(block: Block, expected: object, losses: list[str]) -> None:
    assert write(block) == (expected, losses)


@pytest.mark.parametrize(
    ("block", "expected", "losses"),
    [
        (Thinking("hm", "sig"), {"type": "thinking", "thinking": "hm", "signature": "sig"}, []),
        (Thinking("", "sig"), {"type": "thinking", "thinking": "", "signature": "sig"}, []),
        (Thinking("hm", at="x"), None, ["dropped $.x"]),
        (RedactedThinking("EmwK"), {"type": "redacted_thinking", "data": "EmwK"}, []),
        (Refusal("No.", at="x"), {"type": "text", "text": "No."}, ["approximated $.x"]),
        (ToolCall("t", "f", " "), {"type": "tool_use", "id": "t", "name": "f", "input": {}}, []),
        (
            ToolCall("t", "f", "{}", signature="s", at="x"),
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
            ["dropped $.x"],
        ),
        (
            VendorBlock(FORMAT, "server_tool_use", msgspec.Raw(b'{"type":"server_tool_use"}')),
            {"type": "server_tool_use"},
            [],
        ),
    ],
)
def test_blocks_of_the_assistant(block: Block, expected: object, losses: list[str]) -> None:
    assert write(block, assistant=True) == (expected, losses)


@pytest.mark.parametrize(
    ("block", "assistant", "code"),
    [
        (Audio(InlineData("audio/wav", "")), False, "unsupported_content"),
        (ToolCall("t", "f", "{}"), False, "unsupported_content"),
        (Image(UrlSource("https://a/b")), True, "unsupported_content"),
        (Image(InlineData("image/bmp", "")), False, "unsupported_content"),
        (Image(UrlSource("s3://a/b")), False, "unsupported_content"),
        (Document(UrlSource("https://a/b", "text/plain")), False, "unsupported_content"),
        (Document(InlineData("application/msword", "")), False, "unsupported_content"),
        (Document(InlineData("text/csv", "/w==")), False, "invalid_content"),
        (Document(InlineData("text/csv", "?")), False, "invalid_content"),
        (ToolCall("t", "f", "[]"), True, "invalid_tool_arguments"),
        (ToolCall("t", "f", '{"a'), True, "invalid_tool_arguments"),
        (ToolCall("t", "f", "\ud800"), True, "invalid_tool_arguments"),
        (ToolCall("t", "a.b", "{}"), True, "invalid_tool_name"),
    ],
)
def test_what_cannot_be_carried_is_refused_with_its_path(block: Block, assistant: bool, code: str) -> None:
    block.at = "messages[0].content[0]"
    with pytest.raises(InvalidRequest) as refusal:
        (write_assistant_block if assistant else write_user_block)(block, writing())
    assert (refusal.value.code, refusal.value.param) == (code, "messages[0].content[0]")


def test_an_uploaded_file_asks_for_the_feature() -> None:
    state = writing()
    write_user_block(Document(FileSource("file_1")), state)
    assert state.betas == {"files-api-2025-04-14"}

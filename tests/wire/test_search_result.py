"""What a caller gives its model to read reaches every model."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest

from penstock.core.chat import CacheMarker, ChatRequest, Text, VendorBlock
from penstock.core.chat_format import FormatId, Losses
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.chat_formats import find_caller_format, find_upstream_format
from penstock.wire.search_result import read_text
from tests.wire.chat_oracles import REQUEST_ORACLES

FORMATS: tuple[FormatId, ...] = get_args(FormatId)
MODELS = {
    "openai_chat": "gpt-4.1",
    "anthropic_messages": "claude-sonnet-4-5",
    "bedrock_converse": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini_generate": "gemini-2.5-flash",
    "cohere_chat": "command-a-03-2025",
}
FOUND = {
    "type": "search_result",
    "source": "https://a.example",
    "title": "Opening hours",
    "content": [{"type": "text", "text": "Nine to five."}, {"type": "text", "text": "Closed on Mondays."}],
    "citations": {"enabled": True},
    "cache_control": {"type": "ephemeral"},
}
ASKED = [{"role": "user", "content": [FOUND, {"type": "text", "text": "When is it open?"}]}]
LOOKED_UP = [
    {"role": "user", "content": "When is it open?"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [FOUND]}]},
]
PICTURES = {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": {}}]}}


def block(raw: bytes) -> VendorBlock:
    return VendorBlock("anthropic_messages", "search_result", msgspec.Raw(raw), "messages[0].content[0]")


def losses() -> Losses:
    return Losses(ChatRequest("anthropic_messages", {}, []))


@pytest.mark.parametrize("upstream", FORMATS)
@pytest.mark.parametrize("messages", [ASKED, LOOKED_UP])
def test_what_was_found_reaches_the_model_and_its_marker_is_kept_or_told(
    upstream: FormatId, messages: list[object]
) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": messages}
    request = find_caller_format("anthropic_messages").lift(JsonObject(json.dumps(body).encode()))
    lowered = find_upstream_format(upstream).lower(request, MODELS[upstream], facts_of(MODELS[upstream]))
    written = lowered.body.decode()
    REQUEST_ORACLES[upstream](json.loads(written))
    for text in ("https://a.example", "Opening hours", "Nine to five.", "Closed on Mondays."):
        assert text in written
    told = {loss.path for loss in lowered.losses}
    assert "cache" in written or any(path.endswith(".cache_control") for path in told)


def test_it_is_text_where_a_format_has_no_such_block() -> None:
    found = losses()
    assert read_text(block(json.dumps(FOUND).encode()), found) == Text(
        "Opening hours\nhttps://a.example\n\nNine to five.\nClosed on Mondays.",
        CacheMarker(),
        at="messages[0].content[0]",
    )
    assert [(loss.path, loss.kind) for loss in found.found] == [("$.messages[0].content[0]", "approximated")]


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"source":"s","title":5,"content":[]}', b'{"source":"s","title":"t"}'])
def test_what_is_none_is_refused_with_its_place(raw: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_text(block(raw), losses())
    assert refused.value.param == "messages[0].content[0]"


@pytest.mark.parametrize("upstream", ["openai_chat", "bedrock_converse", "gemini_generate", "cohere_chat"])
def test_a_document_of_pictures_is_refused_and_never_left_out(upstream: FormatId) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [PICTURES]}]}
    request = find_caller_format("anthropic_messages").lift(JsonObject(json.dumps(body).encode()))
    with pytest.raises(InvalidRequest) as refused:
        find_upstream_format(upstream).lower(request, MODELS[upstream], facts_of(MODELS[upstream]))
    assert refused.value.param == "messages[0].content[0]"

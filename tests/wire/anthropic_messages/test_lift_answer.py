from __future__ import annotations

import json

import pytest
from anthropic.types import Message as SdkMessage
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import RedactedThinking, Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import ChatAnswer
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.anthropic_messages.lift_answer import lift_answer


def context() -> AnswerContext:
    return AnswerContext(model="asked", request_id="req_1", created=7)


def lift(answer: object, seen: AnswerContext | None = None) -> ChatAnswer:
    return lift_answer(json.dumps(answer).encode(), seen or context())


def answer(*content: object, **more: object) -> dict[str, object]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "served",
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
        **more,
    }


def test_every_kind_of_block_is_read() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "text", "text": "Hi", "citations": None},
        search,
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1.0}},
    ]
    SdkMessage.model_validate(answer(*content))
    choice = lift(answer(*content, stop_reason="tool_use")).choices[0]
    vendor = choice.blocks.pop(3)
    assert isinstance(vendor, VendorBlock)
    assert (vendor.kind, json.loads(bytes(vendor.raw))) == ("server_tool_use", search)
    assert choice.blocks == [
        Thinking("hm", "sig"),
        RedactedThinking("EmwK"),
        Text("Hi"),
        ToolCall("toolu_1", "f", '{"a": 1.0}'),
    ]
    assert (choice.finish, choice.word) == ("tool_calls", "tool_use")


def test_the_input_of_a_call_keeps_its_spelling() -> None:
    block = b'{"type":"tool_use","id":"t","name":"f","input":{ "b":1.50,"a":"\\u00e9" }}'
    assert lift_answer(b'{"content":[' + block + b"]}", context()).choices[0].blocks == [
        ToolCall("t", "f", '{ "b":1.50,"a":"\\u00e9" }')
    ]


def test_a_call_without_input_has_an_empty_object() -> None:
    inputs: list[dict[str, object]] = [{}, {"input": None}, {"input": {}}]
    for given_input in inputs:
        call = {"type": "tool_use", "id": "t", "name": "f", **given_input}
        assert lift(answer(call)).choices[0].blocks == [ToolCall("t", "f", "{}")]


def test_citations_name_the_page_or_the_document() -> None:
    text = {
        "type": "text",
        "text": "Hot.",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://a/b",
                "title": "T",
                "cited_text": "hot",
                "encrypted_index": "E",
            },
            {
                "type": "page_location",
                "document_index": 2,
                "document_title": "D",
                "cited_text": "hot",
                "start_page_number": 1,
            },
            {"type": "search_result_location", "source": "https://a/c", "title": None, "cited_text": "hot"},
            {"type": "search_result_location", "source": "shelf 3", "title": "S", "cited_text": "hot"},
            {"type": "odd", "url": 5},
        ],
    }
    block = lift(answer(text)).choices[0].blocks[0]
    assert isinstance(block, Text)
    without_raw = [(found.url, found.title, found.cited_text, found.document_index) for found in block.citations]
    assert without_raw == [
        ("https://a/b", "T", "hot", None),
        (None, "D", "hot", 2),
        ("https://a/c", None, "hot", None),
        (None, "S", "hot", None),
        (None, None, None, None),
    ]
    assert all(json.loads(bytes(found.raw)) for found in block.citations)


def test_what_the_answer_does_not_say_is_known_from_the_request() -> None:
    lifted = lift({"content": []})
    assert (lifted.id, lifted.model, lifted.created, lifted.usage) == ("req_1", "asked", 7, UNREPORTED)


@pytest.mark.parametrize(
    ("usage", "expected", "tier"),
    [
        (None, UNREPORTED, None),
        ({}, UNREPORTED, None),
        ({"input_tokens": 0, "output_tokens": 0}, Usage(0, output_tokens=0), None),
        (
            {"input_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": None, "output_tokens": 1},
            Usage(5, 0, None, 1),
            None,
        ),
        (
            {"input_tokens": 5, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 100, "output_tokens": 1},
            Usage(125, 20, 100, 1),
            None,
        ),
        (
            {"input_tokens": 5, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
            Usage(5, None, None, 9, 4),
            None,
        ),
        ({"input_tokens": 5, "output_tokens": 9, "service_tier": "standard"}, Usage(5, output_tokens=9), "default"),
        ({"input_tokens": 5, "output_tokens": -9, "service_tier": "tea"}, Usage(5), "tea"),
        ({"input_tokens": "5", "output_tokens": 9, "server_tool_use": 1}, Usage(output_tokens=9), None),
        ([1], UNREPORTED, None),
    ],
)
def test_counts_are_whole_and_only_those_reported(usage: object, expected: Usage, tier: str | None) -> None:
    lifted = lift(answer(usage=usage))
    assert (lifted.usage, lifted.service_tier) == (expected, tier)


def test_words_outside_the_tables_are_kept_and_counted() -> None:
    seen = context()
    choice = lift(answer({"type": "hologram"}, stop_reason="tea_time"), seen).choices[0]
    assert (choice.finish, choice.word) == ("unknown", "tea_time")
    assert isinstance(choice.blocks[0], VendorBlock)
    assert seen.unknown == ["content.type=hologram", "stop_reason=tea_time"]


def test_what_is_said_of_a_refusal_is_kept() -> None:
    details = {"type": "refusal", "category": "bio"}
    extras = lift(answer(stop_reason="refusal", stop_details=details)).choices[0].extras
    assert json.loads(bytes(extras["stop_details"])) == details


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"content": null}',
        b'{"content": "Hi"}',
        b'{"content": [5]}',
        b'{"content": [{}]}',
        b'{"content": [{"type": "tool_use"}]}',
        b'{"content": [{"type": "text", "text": 5}]}',
        b'{"type": "error", "error": {"type": "api_error"}}',
        b'{"content": [' + b"[" * 100_000,
    ],
)
def test_what_is_not_the_format_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"content|message|error"):
        lift_answer(body, context())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["text", "tool_use", "thinking"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "content", "text", "id", "name", "input", "usage", "stop_reason", "citations"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_comes_is_an_answer_or_a_value_error(body: object) -> None:
    try:
        lifted = lift(body)
    except ValueError:
        return
    assert len(lifted.choices) == 1

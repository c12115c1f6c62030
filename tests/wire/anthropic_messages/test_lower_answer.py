"""Whole answers to callers of Anthropic's format; the SDK's model of a message is the oracle."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest
from anthropic.types import Message

from penstock.core.chat import (
    Audio,
    Block,
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
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.anthropic_messages.lower_answer import lower_answer


def lowered(*blocks: Block, finish: FinishReason = "stop", usage: Usage = UNREPORTED, **further: str) -> Message:
    choice = Choice(0, list(blocks), finish, further.get("word", ""), further.get("stop_sequence"))
    tier = further.get("service_tier")
    answer = ChatAnswer(further.get("id", "msg_1"), "a-model", [choice], usage, service_tier=tier)
    return Message.model_validate_json(lower_answer(answer, ChatRequest("anthropic_messages", {}, [])))


def shown(*blocks: Block) -> list[dict[str, object]]:
    return [block.model_dump(exclude_none=True) for block in lowered(*blocks).content]


def test_blocks_keep_their_order_and_what_they_hold() -> None:
    assert shown(
        Thinking("hm", "c2ln"),
        Thinking("unsigned"),
        RedactedThinking("ZGF0YQ=="),
        Text("a"),
        Text("b", citations=(Citation(url="https://a.example"), Citation(cited_text="only text"))),
        ToolCall("call_1", "f", '{"b": 1.0, "a": {}}'),
        Refusal("No."),
    ) == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "thinking", "thinking": "unsigned", "signature": ""},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "text", "text": "a"},
        {
            "type": "text",
            "text": "b",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "url": "https://a.example",
                    "cited_text": "",
                    "encrypted_index": "",
                }
            ],
        },
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {"b": 1.0, "a": {}}},
        {"type": "text", "text": "No."},
    ]


@pytest.mark.parametrize(
    ("arguments", "input_"),
    [
        ("", {}),
        (" {} ", {}),
        ('{"a":1}', {"a": 1}),
        ('{"a":', {"INVALID_JSON": '{"a":'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
        ('"x"', {"INVALID_JSON": '"x"'}),
        ("[" * 100_000, {"INVALID_JSON": "[" * 100_000}),
    ],
)
def test_arguments_that_are_no_object_are_kept_under_the_documented_key(arguments: str, input_: object) -> None:
    (block,) = shown(ToolCall("c", "f", arguments))
    assert block["input"] == input_


def test_arguments_keep_their_spelling() -> None:
    choice = Choice(0, [ToolCall("c", "f", '{"b":1.00,"a":"\\u00e9"}')], "tool_calls")
    body = lower_answer(ChatAnswer("msg_1", "m", [choice]), ChatRequest("anthropic_messages", {}, []))
    assert b'"input":{"b":1.00,"a":"\\u00e9"}' in body


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (Image(InlineData("image/png", "AAAA")), "![image](data:image/png;base64,AAAA)"),
        (Image(UrlSource("https://a.example/p.png")), "![image](https://a.example/p.png)"),
        (Audio(FileSource("file_1")), "[audio](file_1)"),
        (Document(TextSource("t")), "[document](t)"),
    ],
)
def test_media_are_told_in_markdown(block: Block, text: str) -> None:
    assert shown(block) == [{"type": "text", "text": text}]


def test_blocks_of_the_vendor_pass_and_those_of_others_do_not() -> None:
    own = VendorBlock(
        "anthropic_messages", "container_upload", msgspec.Raw(b'{"type":"container_upload","file_id":"f"}')
    )
    other = VendorBlock("gemini_generate", "executableCode", msgspec.Raw(b"{}"))
    assert shown(other, own, ToolResult("c", ())) == [{"type": "container_upload", "file_id": "f"}]


@pytest.mark.parametrize("finish", get_args(FinishReason))
def test_every_end_has_a_stop_reason_of_the_format(finish: FinishReason) -> None:
    assert lowered(Text("x"), finish=finish).stop_reason is not None


def test_a_call_is_the_reason_to_stop_and_a_refusal_is_one_too() -> None:
    assert lowered(ToolCall("c", "f", "")).stop_reason == "tool_use"
    assert lowered(Refusal("No.")).stop_reason == "refusal"
    assert lowered(ToolCall("c", "f", ""), finish="unknown", word="eos").stop_reason == "tool_use"
    assert lowered(ToolCall("c", "f", ""), finish="length").stop_reason == "max_tokens"
    assert lowered(finish="stop_sequence", stop_sequence="END").stop_sequence == "END"


def test_a_filter_is_told_beside_the_stop_reason() -> None:
    details = lowered(finish="guardrail", word="guardrail_intervened").stop_details
    assert details is not None
    assert details.explanation == "The provider withheld the answer (guardrail_intervened)."
    assert lowered(finish="refusal").stop_details is None


@pytest.mark.parametrize("finish", ["malformed_tool_call", "error"])
def test_an_answer_that_broke_off_does_not_look_complete(finish: FinishReason) -> None:
    broken = lowered(Text("half an"), finish=finish, word="OTHER")
    assert broken.stop_reason == "refusal"
    assert broken.stop_details is not None
    assert "(OTHER)" in (broken.stop_details.explanation or "")


def test_input_tokens_are_those_that_no_cache_had() -> None:
    usage = lowered(usage=Usage(100, 60, 30, 7, 4), service_tier="default").usage
    assert usage.model_dump(exclude_none=True) == {
        "input_tokens": 10,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 30,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 4},
        "service_tier": "standard",
    }
    nothing = lowered(service_tier="flex").usage
    assert nothing.model_dump(exclude_none=True) == {"input_tokens": 0, "output_tokens": 0}


def test_ids_look_like_ids_of_messages() -> None:
    assert lowered(id="msg_01").id == "msg_01"
    assert lowered(id="chatcmpl-1").id == "msg_chatcmpl-1"


def test_a_signature_of_gemini_goes_with_its_block() -> None:
    choice = Choice(0, [Text("t", signature="YQ=="), ToolCall("c", "f", "{}", "Yg==")], "tool_calls")
    body = lower_answer(ChatAnswer("msg_1", "m", [choice]), ChatRequest("anthropic_messages", {}, []))
    signatures = [block["extra_content"]["google"]["thought_signature"] for block in json.loads(body)["content"]]
    assert signatures == ["YQ==", "Yg=="]


def test_an_answer_without_any_choice_is_an_empty_message() -> None:
    body = lower_answer(ChatAnswer("msg_1", "m", []), ChatRequest("anthropic_messages", {}, []))
    assert Message.model_validate_json(body).content == []

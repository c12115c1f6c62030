"""Answers to callers: all text kept, reasons total, and nothing said that was not."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from penstock.core.chat import Block, Citation, Image, InlineData, Refusal, Text, Thinking, ToolCall, VendorBlock
from penstock.core.chat_answer import ChatAnswer, Choice, FinishReason
from penstock.core.json_object import JsonObject
from penstock.wire.openai_chat.caller import CALLER
from penstock.wire.openai_chat.vocabulary import FINISH_WORDS, INEXACT
from tests.wire.chat_oracles import check_openai_answer

REQUEST = CALLER.lift(JsonObject(b'{"messages":[{"role":"user","content":"x"}]}'))


def lower(*blocks: Block, finish: FinishReason = "stop", word: str = "") -> dict[str, object]:
    body = CALLER.lower_answer(ChatAnswer("id", "m", [Choice(0, list(blocks), finish, word)]), REQUEST)
    check_openai_answer(body)
    choice: dict[str, object] = json.loads(body)["choices"][0]
    return choice


def message(*blocks: Block) -> object:
    return lower(*blocks)["message"]


def test_all_text_is_kept() -> None:
    assert message(Text("a"), Thinking("hm"), Text("b")) == {
        "role": "assistant",
        "content": "ab",
        "reasoning_content": "hm",
    }


def test_content_is_null_only_beside_calls_or_a_refusal() -> None:
    assert message() == {"role": "assistant", "content": ""}
    assert message(Refusal("no")) == {"role": "assistant", "content": None, "refusal": "no"}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert message(ToolCall("c", "f", "{}")) == {"role": "assistant", "content": None, "tool_calls": [call]}


def test_who_offered_functions_reads_a_function_call() -> None:
    body = b'{"messages":[{"role":"user","content":"x"}],"functions":[{"name":"f"}]}'
    blocks: list[Block] = [ToolCall("c", "f", '{"a":1}'), ToolCall("d", "f", "{}")]
    answer = ChatAnswer("id", "m", [Choice(0, blocks, "tool_calls")])
    found = CALLER.lower_answer(answer, CALLER.lift(JsonObject(body)))
    check_openai_answer(found)
    choice = json.loads(found)["choices"][0]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "function_call": {"name": "f", "arguments": '{"a":1}'},
    }


def test_thinking_goes_back_only_if_some_of_it_is_signed() -> None:
    found = message(Thinking("a"), Thinking("b", "s"), Text("x"))
    assert found == {
        "role": "assistant",
        "content": "x",
        "reasoning_content": "ab",
        "thinking_blocks": [
            {"type": "thinking", "thinking": "a"},
            {"type": "thinking", "thinking": "b", "signature": "s"},
        ],
    }


def test_a_citation_counts_from_the_beginning_of_the_content() -> None:
    found = message(Text("abc"), Text("de", citations=(Citation(url="u", start=0, end=2), Citation(cited_text="x"))))
    assert isinstance(found, dict)
    assert [note["url_citation"]["start_index"] for note in found["annotations"]] == [3]


def test_pictures_have_a_place_and_blocks_of_vendors_have_none() -> None:
    import msgspec

    found = message(Image(InlineData("image/png", "AA==")), VendorBlock("x", "y", msgspec.Raw(b"{}")))
    assert found == {
        "role": "assistant",
        "content": "",
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
    }


@pytest.mark.parametrize("reason", get_args(FinishReason))
def test_every_reason_is_one_of_openais_words_and_says_so_when_it_is_not_exact(reason: FinishReason) -> None:
    choice = lower(Text("x"), finish=reason, word="theirs")
    assert choice["finish_reason"] == FINISH_WORDS[reason]
    assert choice.get("native_finish_reason") == ("theirs" if reason in INEXACT else None)


def test_an_unknown_reason_beside_calls_has_the_caller_call_them() -> None:
    choice = lower(ToolCall("c", "f", "{}"), finish="unknown")
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("tool_calls", "unknown")

from __future__ import annotations

from typing import Any

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
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import UNKNOWN_MODEL
from penstock.wire.gemini_generate.lower_contents import lower_contents


def lower(*messages: Message) -> tuple[Any, Any, list[tuple[str, str]]]:
    request = ChatRequest("anthropic_messages", {}, list(messages))
    losses = Losses(request)
    system, contents = lower_contents(request, UNKNOWN_MODEL, losses)
    encoded = msgspec.json.decode(msgspec.json.encode([system, contents]))
    return encoded[0], encoded[1], [(loss.path, loss.kind) for loss in losses.found]


def user(*blocks: Block) -> Message:
    return Message("user", list(blocks), at="m")


def test_what_anthropic_says_beside_a_document_is_text_or_told() -> None:
    document = Document(InlineData("application/pdf", "JVBERi0="), "T", "Read with care.", True, CacheMarker(), "d")
    _, contents, losses = lower(user(document))
    inline = {"mimeType": "application/pdf", "data": "JVBERi0=", "displayName": "T"}
    assert contents[0]["parts"] == [{"text": "Read with care."}, {"inlineData": inline}]
    assert losses == [("$.d.cache_control", "dropped"), ("$.d.citations", "dropped"), ("$.d.context", "moved")]


def test_citations_of_a_text_are_told() -> None:
    _, _, losses = lower(user(Text("x", citations=(Citation(url="https://a.example"),), at="t")))
    assert losses == [("$.t.citations", "dropped")]


def test_a_part_of_geminis_own_goes_back_as_it_is_and_anothers_does_not() -> None:
    own = VendorBlock("gemini_generate", "executableCode", msgspec.Raw(b'{"executableCode":{"code":"1"}}'), "a")
    other = VendorBlock("anthropic_messages", "server_tool_use", msgspec.Raw(b"{}"), "b")
    _, contents, losses = lower(Message("assistant", [own, other]))
    assert contents == [{"role": "model", "parts": [{"executableCode": {"code": "1"}}]}]
    assert losses == [("$.b", "dropped")]


def test_a_text_document_in_a_result_of_a_tool_is_text() -> None:
    call = ToolCall("c", "f", "{}")
    result = ToolResult("c", (Text("a"), Document(TextSource("b")), VendorBlock("x", "y", msgspec.Raw(b"{}"), "v")))
    _, contents, losses = lower(Message("assistant", [call]), user(result))
    assert contents[1]["parts"] == [{"functionResponse": {"name": "f", "response": {"output": "a\nb"}}}]
    assert losses == [("$.v", "dropped")]


def test_media_of_results_stand_behind_all_results_for_an_older_model() -> None:
    picture = Image(InlineData("image/png", "AA=="))
    calls: list[Block] = [ToolCall("c", "f", "{}"), ToolCall("d", "g", "{}")]
    _, contents, losses = lower(
        Message("assistant", calls),
        user(ToolResult("c", (picture,), at="r"), ToolResult("d", (Text("a"),)), Text("And?")),
    )
    assert [next(iter(part)) for part in contents[1]["parts"]] == [
        "functionResponse",
        "functionResponse",
        "text",
        "inlineData",
    ]
    assert losses == [("$.r", "moved")]


def test_thinking_of_nothing_and_texts_of_nothing_are_no_parts() -> None:
    _, contents, losses = lower(Message("assistant", [Thinking(""), Text(""), Refusal("")]), user(Text("hi")))
    assert contents == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert [kind for _, kind in losses] == ["approximated"]


@pytest.mark.parametrize(
    "message",
    [
        Message("system", [Document(TextSource("x"), at="p")]),
        Message("assistant", [ToolCall("c", "f", "[]", at="p")]),
        Message("assistant", [ToolCall("c", "f", "{", at="p")]),
        Message("user", [ToolResult("nobody", (), at="p")]),
        Message("assistant", [VendorBlock("gemini_generate", "x", msgspec.Raw(b"5"), "p")]),
    ],
)
def test_what_gemini_could_not_take_is_refused_by_its_path(message: Message) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        lower(message)
    assert refusal.value.param == "p"


def test_a_conversation_that_says_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        lower(user(Text("")))
    assert refusal.value.param == "messages"


def calls(*named: tuple[str, str]) -> Message:
    return Message("assistant", [ToolCall(call_id, name, "{}", at="c") for call_id, name in named], at="m")


def results(*ids: str) -> Message:
    return user(*(ToolResult(call_id, (Text(str(number)),), at="r") for number, call_id in enumerate(ids)))


def answered(*messages: Message) -> list[tuple[str, str]]:
    _, contents, _ = lower(*messages)
    found = [part["functionResponse"] for turn in contents for part in turn["parts"] if "functionResponse" in part]
    return [(each["name"], each["response"]["output"]) for each in found]


def test_results_of_an_id_that_is_used_again_are_of_the_nearest_call_before_them() -> None:
    said = answered(calls(("a", "first")), results("a"), calls(("a", "second")), results("a"))
    assert said == [("first", "0"), ("second", "0")]


def test_results_of_calls_of_one_turn_with_the_same_id_are_in_their_order() -> None:
    said = answered(calls(("a", "f"), ("b", "g"), ("a", "h")), results("a", "b", "a"))
    assert said == [("f", "0"), ("g", "1"), ("h", "2")]


def test_a_call_that_was_never_answered_does_not_take_the_result_of_a_later_one() -> None:
    said = answered(calls(("a", "f"), ("a", "g")), user(Text("Go on.")), calls(("a", "h")), results("a"))
    assert said == [("h", "0")]


def test_a_second_result_of_one_call_is_of_that_call() -> None:
    assert answered(calls(("a", "f")), results("a", "a")) == [("f", "0"), ("f", "1")]


def test_a_conversation_that_says_nothing_has_the_code_that_it_has_in_every_format() -> None:
    with pytest.raises(InvalidRequest) as caught:
        lower(user(Text("")))
    assert caught.value.code == "empty_conversation"

from __future__ import annotations

import msgspec
import pytest

from penstock.core.chat import (
    Block,
    ChatRequest,
    Image,
    Message,
    RedactedThinking,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    VendorBlock,
)
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.wire.anthropic_messages.lower_turns import CONTINUATION, OPENING, write_turns
from penstock.wire.anthropic_messages.writing import Writing


def turn(role: Role, *blocks: Block | str, at: str = "m") -> Message:
    return Message(role, [Text(block, at=at) if isinstance(block, str) else block for block in blocks], at=at)


def shape(
    messages: list[Message], *, vendor: str = "test", continues: bool = True
) -> tuple[list[object], list[tuple[str, list[object]]], list[str]]:
    """Return the system texts, each turn with its texts (or kinds of blocks), and the losses."""
    request = ChatRequest(vendor=vendor, paths={}, messages=messages)
    writing = Writing(request, Losses(request))
    system, turns = write_turns(messages, writing, continues=continues)

    def short(block: object) -> object:
        block = msgspec.json.decode(msgspec.json.encode(block))
        assert isinstance(block, dict)
        return block["text"] if block["type"] == "text" else block["type"]

    written = []
    for each in turns:
        content = each["content"]
        assert isinstance(content, list)
        written.append((str(each["role"]), [short(block) for block in content]))
    return [short(block) for block in system], written, [f"{loss.kind} {loss.path}" for loss in writing.losses.found]


def test_results_come_first_in_a_turn_and_parallel_ones_together() -> None:
    messages = [
        turn("assistant", ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")),
        turn("user", ToolResult("a", ())),
        turn("user", "Wait.", at="late"),
        turn("user", ToolResult("b", ()), at="late"),
        turn("user", "Go on."),
    ]
    assert shape([turn("user", "Hi"), *messages]) == (
        [],
        [
            ("user", ["Hi"]),
            ("assistant", ["tool_use", "tool_use"]),
            ("user", ["tool_result", "tool_result", "Wait.", "Go on."]),
        ],
        ["moved $.late"],
    )


def test_thinking_comes_first_in_the_turn_of_other_vendors_callers() -> None:
    blocks: list[Block] = [Text("a"), Thinking("t", "s"), ToolCall("a", "f", "{}"), RedactedThinking("d")]
    messages = [turn("user", "Hi"), Message("assistant", blocks)]
    assert shape(messages)[1][1] == ("assistant", ["thinking", "redacted_thinking", "a", "tool_use"])
    assert shape(messages, vendor="anthropic_messages")[1][1] == (
        "assistant",
        ["a", "thinking", "tool_use", "redacted_thinking"],
    )


def test_turns_without_content_are_no_turns() -> None:
    messages = [turn("user", "One"), turn("assistant"), turn("user", ""), turn("user", "Two")]
    assert shape(messages) == ([], [("user", ["One", "Two"])], [])


def test_system_messages_in_front_stay_where_they_are_and_later_ones_move() -> None:
    messages = [turn("developer", "A"), turn("system", "B"), turn("user", "Hi"), turn("developer", "C", at="late")]
    assert shape(messages) == (["A", "B", "C"], [("user", ["Hi"])], ["moved $.late"])


def test_a_system_prompt_alone_is_the_users_turn() -> None:
    assert shape([turn("system", "A")]) == ([], [("user", ["A"])], ["moved $.messages"])


def test_a_conversation_that_begins_with_the_assistant_is_opened() -> None:
    messages = [turn("assistant", "Hello. "), turn("user", "Hi")]
    assert shape(messages) == (
        [],
        [("user", [OPENING]), ("assistant", ["Hello. "]), ("user", ["Hi"])],
        ["approximated $.messages"],
    )


def test_a_turn_to_be_continued_does_not_end_in_white_space() -> None:
    assert shape([turn("user", "Hi"), turn("assistant", "a ", "b \n", at="end")])[1:] == (
        [("user", ["Hi"]), ("assistant", ["a ", "b"])],
        ["clamped $.end"],
    )
    assert shape([turn("user", "Hi "), turn("assistant", ToolCall("a", "f", "{}"))])[2] == []


def test_a_model_that_continues_no_turn_is_asked_to_by_the_user() -> None:
    messages = [turn("user", "Hi"), turn("assistant", "One, two, ", at="end")]
    assert shape(messages, continues=False)[1:] == (
        [("user", ["Hi"]), ("assistant", ["One, two, "]), ("user", [CONTINUATION])],
        ["approximated $.end"],
    )


def test_a_turn_that_the_vendor_paused_is_sent_back_as_the_last() -> None:
    pause = VendorBlock("anthropic_messages", "server_tool_use", msgspec.Raw(b'{"type":"server_tool_use"}'))
    messages = [turn("user", "Hi"), turn("assistant", "I search.", pause)]
    assert shape(messages, continues=False)[1:] == (
        [("user", ["Hi"]), ("assistant", ["I search.", "server_tool_use"])],
        [],
    )


def test_names_of_participants_are_lost() -> None:
    assert shape([Message("user", [Text("Hi")], "ada", "m")])[2] == ["dropped $.m.name"]


@pytest.mark.parametrize("messages", [[], [turn("user", " ")], [turn("system"), turn("assistant", Thinking("x"))]])
def test_a_conversation_without_content_is_refused(messages: list[Message]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        shape(messages)
    assert refusal.value.code == "empty_conversation"


def test_a_system_prompt_is_text() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        shape([Message("system", [Image(UrlSource("https://a/b"), at="x")]), turn("user", "Hi")])
    assert (refusal.value.code, refusal.value.param) == ("unsupported_content", "x")

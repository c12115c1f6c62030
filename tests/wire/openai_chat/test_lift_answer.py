"""Whole answers of OpenAI and of vendors that are called compatible."""

from __future__ import annotations

import json

import pytest

from penstock.core.chat import Block, RedactedThinking, Refusal, Text, Thinking, ToolCall
from penstock.core.chat_answer import ChatAnswer, UsageReport
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import UNREPORTED
from penstock.wire.openai_chat.decode_events import StreamDecoder
from penstock.wire.openai_chat.lift_answer import lift_answer
from penstock.wire.openai_usage import read_usage_with_reasoning_apart


def lift(message: object, finish: str | None = "stop", **members: object) -> tuple[ChatAnswer, list[str]]:
    context = AnswerContext(model="m", request_id="req", created=5)
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return lift_answer(json.dumps({"choices": [choice], **members}).encode(), context), context.unknown


def blocks(message: object) -> list[Block]:
    return lift(message)[0].choices[0].blocks


def test_what_the_vendor_does_not_say_is_filled_in() -> None:
    answer, _ = lift({"content": "x"})
    assert (answer.id, answer.model, answer.created, answer.usage) == ("req", "m", 5, UNREPORTED)


def test_a_time_with_a_fraction_is_a_time() -> None:
    assert lift({"content": "x"}, created=7.9)[0].created == 7


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"content": None}, []),
        ({"content": "a", "reasoning_content": "b"}, [Thinking("b"), Text("a")]),
        ({"content": "a", "reasoning": "b"}, [Thinking("b"), Text("a")]),
        ({"content": "a", "reasoning": {"effort": "low"}}, [Text("a")]),
        ({"content": [{"type": "thinking", "thinking": "b"}, {"type": "text", "text": ""}]}, [Thinking("b")]),
        ({"content": [{"type": "refusal", "refusal": "no"}]}, [Refusal("no")]),
        (
            {
                "reasoning_content": "b",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "b", "signature": "s"},
                    {"type": "redacted_thinking", "data": "d"},
                ],
            },
            [Thinking("b", "s"), RedactedThinking("d")],
        ),
        ({"extra_content": {"google": {"thought_signature": "Z3M="}}}, [Text("", signature="Z3M=")]),
        ({"function_call": {"name": "f", "arguments": "{}"}}, [ToolCall("call_req_0_0", "f", "{}")]),
        ({"tool_calls": [{"id": "", "function": {"name": "f"}}]}, [ToolCall("call_req_0_0", "f", "{}")]),
        (
            {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1.5}}}]},
            [ToolCall("a", "f", '{"x":1.5}')],
        ),
    ],
)  # fmt: skip
def test_what_is_said_is_kept(message: object, found: list[Block]) -> None:
    assert blocks(message) == found


def test_a_vendor_that_counts_in_another_way_is_read_in_its_own() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 10}
    context = AnswerContext(model="m", request_id="req", read_usage=read_usage_with_reasoning_apart)
    whole = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": usage}
    assert lift_answer(json.dumps(whole).encode(), context).usage.output_tokens == 5
    chunk = json.dumps({"choices": [], "usage": usage}).encode()
    reports = [event for event in StreamDecoder(context).decode("", chunk) if isinstance(event, UsageReport)]
    assert [report.usage.output_tokens for report in reports] == [5]


def test_what_is_not_known_is_counted() -> None:
    message = {"content": [{"type": "film", "text": "a"}], "tool_calls": [{"id": "c", "type": "custom"}]}
    answer, unknown = lift(message, "because")
    assert (answer.choices[0].finish, answer.choices[0].word) == ("unknown", "because")
    assert sorted(unknown) == ["content.type=film", "finish_reason=because", "tool_calls.type=custom"]


@pytest.mark.parametrize("function", [{}, {"name": None}, {"name": "", "arguments": "{}"}])
def test_a_call_without_a_name_is_counted_and_left_out(function: dict[str, object]) -> None:
    answer, unknown = lift({"content": "a", "tool_calls": [{"id": "c", "function": function}]}, "stop")
    assert (answer.choices[0].blocks, answer.choices[0].finish) == ([Text("a")], "stop")
    assert unknown == ["tool_calls.function.name=None"]


@pytest.mark.parametrize("finish", [None, ""])
def test_an_answer_that_does_not_say_why_it_ended_is_counted(finish: str | None) -> None:
    answer, unknown = lift({"content": "a"}, finish)
    assert (answer.choices[0].finish, unknown) == ("unknown", ["finish_reason=None"])


def test_reasons_are_read_in_any_case() -> None:
    assert lift({"content": "a"}, "STOP")[0].choices[0].finish == "stop"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"choices":[]}', b'{"choices":[{"index":0}]}', b"\xff"])
def test_what_is_no_completion_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"chat completion|choice"):
        lift_answer(body, AnswerContext(model="m", request_id="req"))

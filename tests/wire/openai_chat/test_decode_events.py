"""Streams of vendors that are called compatible: odd but legal, and what is not a stream at all."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import RedactedThinking, Refusal, Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.usage import Usage
from penstock.wire.openai_chat.decode_events import StreamDecoder
from tests.wire.chat_vector import check_order

DONE = b"[DONE]"


def chunk(delta: object = None, finish: str | None = None, index: int = 0, **members: object) -> bytes:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return json.dumps({"id": "c1", "model": "m", "created": 7, "choices": [choice], **members}).encode()


def call(index: int | None, name: str | None = None, arguments: object = None, call_id: str | None = None) -> object:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}


def decode(*events: bytes) -> tuple[list[ChatEvent], list[str]]:
    context = AnswerContext(model="m", request_id="req", created=5)
    decoder = StreamDecoder(context)
    found = [event for data in events for event in decoder.decode("", data)]
    found += decoder.close()
    check_order(found)
    return found, context.unknown


def inner(*events: bytes) -> list[ChatEvent]:
    """Return the events between begin and finish."""
    found, _ = decode(*events, chunk(finish="stop"), DONE)
    return found[1:-2]


def test_a_block_ends_when_another_kind_begins() -> None:
    found = inner(chunk({"reasoning": "a"}), chunk({"content": "b"}), chunk({"content": "c"}), chunk({"refusal": "d"}))
    assert [type(event).__name__ for event in found] == [
        "BlockBegin", "ThinkingDelta", "BlockEnd", "BlockBegin", "TextDelta", "TextDelta", "BlockEnd", "BlockBegin",
        "RefusalDelta", "BlockEnd",
    ]  # fmt: skip
    assert [event.block for event in found if isinstance(event, BlockBegin)] == [Thinking(""), Text(""), Refusal("")]


def test_empty_pieces_are_none() -> None:
    assert inner(chunk({"role": "assistant", "content": "", "refusal": None, "tool_calls": [], "reasoning": ""})) == []


def test_interleaved_calls_stay_apart() -> None:
    found = inner(
        chunk(call(0, "f", "", "a")),
        chunk(call(1, "g", "{", "b")),
        chunk(call(0, None, "{}")),
        chunk(call(1, None, "}")),
    )
    assert found == [
        BlockBegin(0, 0, ToolCall("a", "f", "")),
        BlockBegin(0, 1, ToolCall("b", "g", "")),
        ArgumentsDelta(0, 1, "{"),
        ArgumentsDelta(0, 0, "{}"),
        ArgumentsDelta(0, 1, "}"),
        BlockEnd(0, 0),
        BlockEnd(0, 1),
    ]


def test_text_between_the_fragments_of_a_call_does_not_cut_it_off() -> None:
    found = inner(
        chunk(call(0, "f", '{"a"', "a")), chunk({"content": "\n"}), chunk(call(0, None, ":1}")), chunk({"content": "!"})
    )
    assert found == [
        BlockBegin(0, 0, ToolCall("a", "f", "")),
        ArgumentsDelta(0, 0, '{"a"'),
        BlockBegin(0, 1, Text("")),
        TextDelta(0, 1, "\n"),
        ArgumentsDelta(0, 0, ":1}"),
        TextDelta(0, 1, "!"),
        BlockEnd(0, 1),
        BlockEnd(0, 0),
    ]


def test_a_call_behind_text_ends_the_calls_before_it() -> None:
    found = inner(chunk(call(0, "f", "{}", "a")), chunk({"content": "b"}), chunk(call(0, "g", "{}", "c")))
    ends_and_calls = [
        event.index
        for event in found
        if isinstance(event, BlockEnd) or (isinstance(event, BlockBegin) and isinstance(event.block, ToolCall))
    ]
    assert ends_and_calls == [0, 0, 1, 2, 2]


@pytest.mark.parametrize("index", [0, None])
def test_a_new_id_is_a_new_call_where_every_index_is_the_same_or_none(index: int | None) -> None:
    found = inner(
        chunk(call(index, "f", "{}", "a")), chunk(call(index, "g", '{"x":', "b")), chunk(call(index, None, "1}"))
    )
    assert [
        event.block.id for event in found if isinstance(event, BlockBegin) and isinstance(event.block, ToolCall)
    ] == [
        "a",
        "b",
    ]
    assert [(event.index, event.fragment) for event in found if isinstance(event, ArgumentsDelta)] == [
        (0, "{}"),
        (1, '{"x":'),
        (1, "1}"),
    ]


def test_an_id_that_is_said_again_is_the_same_call() -> None:
    found = inner(chunk(call(0, "f", "{", "a")), chunk(call(0, "f", "}", "a")))
    assert [event.fragment for event in found if isinstance(event, ArgumentsDelta)] == ["{", "}"]


def test_a_call_begins_when_its_name_is_known() -> None:
    assert inner(chunk(call(0, None, "{", "a")), chunk(call(0, "f", "}"))) == [
        BlockBegin(0, 0, ToolCall("a", "f", "")),
        ArgumentsDelta(0, 0, "{}"),
        BlockEnd(0, 0),
    ]


def test_a_call_without_an_id_gets_one_and_arguments_may_be_an_object() -> None:
    found = inner(chunk(call(0, "f", {"a": 1.5})))
    assert found[:2] == [BlockBegin(0, 0, ToolCall("call_req_0_0", "f", "")), ArgumentsDelta(0, 0, '{"a":1.5}')]


def test_a_call_whose_name_never_came_is_counted() -> None:
    found, unknown = decode(chunk(call(0, None, "{}", "a")), chunk(finish="stop"), DONE)
    assert unknown == ["tool_calls.function.name=None"]
    assert Finish(0, "stop", "stop") in found


def test_the_deprecated_call_is_one() -> None:
    pieces = [chunk({"function_call": {"name": "f", "arguments": ""}}), chunk({"function_call": {"arguments": "{}"}})]
    found, _ = decode(*pieces, chunk(finish="function_call"), DONE)
    assert BlockBegin(0, 0, ToolCall("call_req_0_0", "f", "")) in found
    assert Finish(0, "tool_calls", "function_call") in found


def test_thinking_that_is_signed_in_every_piece_or_at_its_end() -> None:
    pieces = [
        chunk({"reasoning_content": "a", "thinking_blocks": [{"type": "thinking", "thinking": "a", "signature": ""}]}),
        chunk({"reasoning_content": "", "thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}),
        chunk({"thinking_blocks": [{"type": "redacted_thinking", "data": "d"}]}),
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "b", "signature": "t"}]}),
    ]
    assert inner(*pieces) == [
        BlockBegin(0, 0, Thinking("")),
        ThinkingDelta(0, 0, "a"),
        SignatureDelta(0, 0, "s"),
        BlockEnd(0, 0),
        BlockBegin(0, 1, RedactedThinking("d")),
        BlockEnd(0, 1),
        BlockBegin(0, 2, Thinking("")),
        ThinkingDelta(0, 2, "b"),
        SignatureDelta(0, 2, "t"),
        BlockEnd(0, 2),
    ]


def test_parts_of_content_are_read() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}, {"type": "text", "text": "b"}]
    found, unknown = decode(chunk({"content": [*parts, {"type": "film", "text": "c"}]}), chunk(finish="stop"), DONE)
    assert [event.text for event in found if isinstance(event, ThinkingDelta | TextDelta)] == ["a", "b", "c"]
    assert unknown == ["content.type=film"]


def test_notes_belong_to_the_text() -> None:
    note = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
    found = inner(
        chunk({"content": "x"}),
        chunk({"annotations": [note], "extra_content": {"google": {"thought_signature": "Z3M="}}}),
    )
    assert [type(event) for event in found[2:]] == [CitationDelta, SignatureDelta, BlockEnd]


# --- how it ends


@pytest.mark.parametrize("late", [True, False])
def test_counts_are_read_wherever_they_come(late: bool) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    alone = json.dumps({"id": "c1", "choices": [], "usage": usage}).encode()
    finish = [chunk(finish="stop"), alone] if late else [chunk(finish="stop", usage=usage)]
    found, _ = decode(chunk({"content": "x"}), *finish, DONE)
    assert UsageReport(Usage(input_tokens=1, output_tokens=2)) in found
    assert found[-1] == End()


def test_an_end_without_a_finish_is_unknown_and_counted() -> None:
    found, unknown = decode(chunk({"content": "x"}), DONE)
    assert found[-2:] == [Finish(0, "unknown"), End()]
    assert unknown == ["finish_reason=None"]


@pytest.mark.parametrize(("finished", "ends"), [((0, 1), True), ((0,), False), ((), False)])
def test_a_body_that_ends_is_an_end_only_when_every_choice_has_finished(finished: tuple[int, ...], ends: bool) -> None:
    pieces = [chunk({"content": "x"}, index=index) for index in (0, 1)]
    found, _ = decode(*pieces, *[chunk(finish="stop", index=index) for index in finished])
    assert isinstance(found[-1], End) == ends


def test_an_empty_body_says_nothing() -> None:
    assert decode() == ([], [])


@pytest.mark.parametrize("before", [(), (b'{"choices":[],"usage":{"prompt_tokens":1}}',)])
def test_a_stream_that_is_only_an_end_is_no_answer(before: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="without a choice"):
        decode(*before, DONE)


def test_nothing_comes_behind_the_end() -> None:
    found, _ = decode(chunk({"content": "x"}, "length"), chunk({"content": "y"}), DONE, chunk({"content": "z"}), DONE)
    assert [event.text for event in found if isinstance(event, TextDelta)] == ["x"]
    assert found[-1] == End()


@pytest.mark.parametrize(
    ("error", "kind", "status", "message"),
    [
        ({"message": "Busy.", "type": "overloaded_error"}, "overloaded", 503, "Busy."),
        ({"message": "Slow.", "code": 429}, "rate_limit", 429, "Slow."),
        ({"message": "Slow.", "code": "429"}, "rate_limit", 429, "Slow."),
        ({"detail": "broken"}, "server", 500, "broken"),
        ("broken", "server", 500, "broken"),
        ({"message": 5}, "server", 500, "The provider ended its stream in an error."),
        ({"message": "maximum context length is 8"}, "context_length", 400, "maximum context length is 8"),
    ],
)
def test_an_error_in_the_stream_is_its_end(error: object, kind: str, status: int, message: str) -> None:
    found, _ = decode(chunk({"content": "x"}), json.dumps({"error": error}).encode(), DONE)
    failure = found[-1]
    assert isinstance(failure, StreamFailure)
    assert (failure.error.kind, failure.error.status, failure.error.message) == (kind, status, message)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"5", b'{"choices":5}', b'{"choices":[{"delta":7}]}', b"\xff"])
def test_what_is_no_chunk_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a chat completion"):
        decode(data)


ODD = st.recursive(
    st.none() | st.integers(-1, 3) | st.sampled_from(["", "stop", "x", "thinking"]),
    lambda value: st.lists(value, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            ["choices", "delta", "index", "content", "tool_calls", "function", "name", "id", "arguments", "type",
             "finish_reason", "usage", "error", "thinking_blocks", "signature", "reasoning_content"]
        ),
        value,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


@given(
    st.lists(
        st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"delta": ODD}), max_size=2)}), max_size=4
    )
)
def test_whatever_comes_is_in_order_or_a_value_error(chunks: list[object]) -> None:
    try:
        decode(*[json.dumps(data).encode() for data in chunks], DONE)
    except ValueError as error:
        assert re.search("not a chat completion|without a choice", str(error))  # noqa: PT017 - most are refused, some are not

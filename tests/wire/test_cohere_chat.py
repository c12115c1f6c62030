"""Cohere's chat beyond its vectors: what must hold for any request, and for odd answers and streams."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from cohere.types.chat_content_start_event_delta_message_content_type import (
    ChatContentStartEventDeltaMessageContentType,
)
from cohere.types.chat_finish_reason import ChatFinishReason
from cohere.types.citation_type import CitationType
from cohere.v2.types.v2chat_response import V2ChatResponse
from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from penstock.core.chat import Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    ArgumentsDelta,
    Begin,
    BlockBegin,
    BlockEnd,
    ChatEvent,
    CitationDelta,
    End,
    Finish,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.core.usage import UNREPORTED, Usage
from penstock.data import facts_of
from penstock.wire.cohere_chat.decode_events import KINDS, CohereEvents
from penstock.wire.cohere_chat.lift_answer import lift_answer
from penstock.wire.cohere_chat.lower_request import lower_request
from penstock.wire.cohere_chat.usage import Counts, UsageBody, read_usage
from penstock.wire.cohere_chat.vocabulary import CITES_PLAN, CITES_TEXT, FINISH_REASONS
from penstock.wire.framing.sse import EventSplitter, event_data
from penstock.wire.openai_chat.lift_request import lift_request
from tests.wire.chat_oracles import check_cohere_request
from tests.wire.chat_vector import Vector, check_order, find_vectors


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="req_test", created=7)


def literals(union: object) -> set[str]:
    """Return the words of one of the SDK's open vocabularies."""
    return {word for part in get_args(union) for word in get_args(part)}


def decoded(*events: dict[str, Any] | bytes) -> list[ChatEvent]:
    decoder = CohereEvents(context())
    found: list[ChatEvent] = []
    for event in events:
        found += decoder.decode("", event if isinstance(event, bytes) else json.dumps(event).encode())
    found += decoder.close()
    check_order(found)
    return found


def content(text: str, index: int = 0, kind: str = "text") -> dict[str, Any]:
    return {"type": "content-delta", "index": index, "delta": {"message": {"content": {kind: text}}}}


def end(reason: str = "COMPLETE") -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason}}


# --- the vocabulary is the vendor's


def test_every_finish_reason_of_the_sdk_has_a_row() -> None:
    assert literals(ChatFinishReason) == FINISH_REASONS.keys()


def test_every_kind_of_event_of_the_sdk_is_decoded() -> None:
    kinds = {member.model_fields["type"].default for member in get_args(get_args(V2ChatStreamResponse)[0])}
    assert kinds == KINDS


def test_every_kind_of_citation_is_known() -> None:
    assert literals(CitationType) == {*CITES_TEXT - {None}, CITES_PLAN, "THINKING_CONTENT"}


def test_the_kinds_of_content_are_text_and_thinking() -> None:
    assert literals(ChatContentStartEventDeltaMessageContentType) == {"text", "thinking"}


VECTORS = [vector for vector in find_vectors() if vector.upstream == "cohere_chat" and not vector.case.unknown]
ANSWERED = [one for one in VECTORS if one.case.status < 400 and not one.case.stream and not one.case.refused]
STREAMED = [one for one in VECTORS if one.has("upstream_stream.sse")]
_stream_event: TypeAdapter[object] = TypeAdapter(V2ChatStreamResponse)


@pytest.mark.parametrize("vector", ANSWERED, ids=lambda vector: vector.id)
def test_answers_of_vectors_are_what_coheres_sdk_takes(vector: Vector) -> None:
    V2ChatResponse.model_validate_json(vector.upstream_answer())


@pytest.mark.parametrize("vector", STREAMED, ids=lambda vector: vector.id)
def test_events_of_vectors_are_what_coheres_sdk_takes(vector: Vector) -> None:
    _, blocks = EventSplitter().feed(vector.upstream_stream())
    events = [data for data in map(event_data, blocks) if data and b'"type"' in data]
    assert events
    for data in events:
        _stream_event.validate_json(data)


# --- requests

_texts = st.text(max_size=20)
_calls = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(min_size=1, max_size=5),
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": st.sampled_from(["f", "g"]), "arguments": st.just('{"a":1}')}),
        }
    ),
    max_size=2,
)
_messages = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.sampled_from(["system", "developer", "user"]), "content": _texts}),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "content": _texts, "reasoning_content": _texts, "tool_calls": _calls}
        ),
    ),
    min_size=1,
    max_size=5,
)
_settings = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(0, 10_000),
        "frequency_penalty": st.floats(-2, 2),
        "presence_penalty": st.floats(-2, 2),
        "stop": st.lists(_texts, max_size=4),
        "reasoning_effort": st.sampled_from(["none", "low", "high"]),
        "response_format": st.sampled_from(
            [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}]
        ),
        "tools": st.lists(
            st.sampled_from([{"type": "function", "function": {"name": name}} for name in "fg"]), max_size=2
        ),
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
    },
)
_facts = st.builds(ModelFacts, json_schema=st.booleans(), thinking=st.sampled_from(["none", "budget"]))


@given(messages=_messages, settings=_settings, facts=_facts)
def test_what_can_be_lifted_is_lowered_or_refused(
    messages: list[object], settings: dict[str, object], facts: ModelFacts
) -> None:
    body = {"model": "m", "messages": messages, **settings}
    try:
        request = lift_request(JsonObject(json.dumps(body).encode()))
        lowered = lower_request(request, "command-a-03-2025", facts)
    except InvalidRequest:
        return
    written = json.loads(lowered.body)
    check_cohere_request(written)
    roles = [turn["role"] for turn in written["messages"]]
    assert "system" not in roles[1:]
    assert 0.01 <= written.get("p", 0.5) <= 0.99
    assert not {"response_format", "tools"} <= written.keys()


@pytest.mark.parametrize(
    ("model", "thinking", "schema"),
    [
        ("command-a-03-2025", "none", True),
        ("command-a-reasoning-08-2025", "budget", True),
        ("command-a-plus-05-2026", "budget", True),
        ("command-a-vision-07-2025", "none", False),
        ("command-r-plus-08-2024", "none", True),
    ],
)
def test_models_have_their_facts(model: str, thinking: str, schema: bool) -> None:
    facts = facts_of(model)
    assert (facts.thinking, facts.json_schema) == (thinking, schema)


# --- answers


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"message":null}', b'{"message":{"content":[7]}}', b"[" * 9000]
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a Cohere chat answer"):
        lift_answer(body, context())


def test_an_answer_reads_as_coheres_sdk_reads_it() -> None:
    body = {
        "id": "1",
        "finish_reason": "TOOL_CALL",
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "t"}],
            "tool_plan": "plan",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            "citations": [{"start": 0, "end": 4, "text": "plan", "type": "PLAN", "sources": []}],
        },
        "new_member": [1],
    }
    known = V2ChatResponse.model_validate(body)
    answer = lift_answer(json.dumps(body).encode(), context())
    thinking, text, plan, call = answer.choices[0].blocks
    assert known.message.content is not None
    assert known.message.tool_calls is not None
    assert isinstance(thinking, Thinking)
    assert thinking.text == getattr(known.message.content[0], "thinking", None)
    assert isinstance(text, Text)
    assert text.text == getattr(known.message.content[1], "text", None)
    assert isinstance(plan, Text)
    assert plan.text == known.message.tool_plan
    assert [(one.start, one.end) for one in plan.citations] == [(0, 4)]
    assert isinstance(call, ToolCall)
    assert call.id == known.message.tool_calls[0].id
    assert answer.usage == UNREPORTED


def test_an_answer_without_an_id_has_ours() -> None:
    answer = lift_answer(b'{"message":{"content":null},"finish_reason":"COMPLETE"}', context())
    assert (answer.id, answer.model, answer.created) == ("req_test", "m", 7)


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (None, UNREPORTED),
        (UsageBody(), UNREPORTED),
        (UsageBody(tokens=Counts(3.0, 0)), Usage(input_tokens=3, output_tokens=0)),
        (UsageBody(tokens=Counts(None, 4), billed_units=Counts(2, 3)), Usage(input_tokens=2, output_tokens=4)),
        (UsageBody(tokens=Counts(-1, 1.5), cached_tokens=0), Usage(cached_input_tokens=0)),
    ],
)
def test_counts_are_read_where_they_are_counts(body: UsageBody | None, usage: Usage) -> None:
    assert read_usage(body) == usage


# --- streams


def test_a_stream_that_begins_in_the_middle_is_read() -> None:
    assert decoded(content("Hi"), end()) == [
        Begin("req_test", "m", 7),
        BlockBegin(0, 0, Text("")),
        TextDelta(0, 0, "Hi"),
        BlockEnd(0, 0),
        Finish(0, "stop", "COMPLETE"),
        End(),
    ]


def test_a_block_that_turns_out_to_be_thinking_is_thinking() -> None:
    start = {"type": "content-start", "index": 0}
    events = decoded({"type": "message-start"}, start, content("hm", kind="thinking"), content("Hi", index=1), end())
    assert [event for event in events if isinstance(event, TextDelta | ThinkingDelta)] == [
        ThinkingDelta(0, 1, "hm"),
        TextDelta(0, 2, "Hi"),
    ]


def test_a_plan_behind_calls_is_a_text_of_its_own() -> None:
    plan = {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "p"}}}
    call = {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": {"id": "c", "function": {}}}}}
    events = decoded({"type": "message-start"}, plan, call, {"type": "tool-call-end", "index": 0}, plan, end())
    assert [event.index for event in events if isinstance(event, TextDelta)] == [0, 2]


def test_arguments_that_come_with_a_call_are_said() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    start = {"type": "tool-call-start", "index": 3, "delta": {"message": {"tool_calls": call}}}
    assert ArgumentsDelta(0, 0, "{}") in decoded(start, {"type": "tool-call-end", "index": 3}, end("TOOL_CALL"))


def test_arguments_of_a_call_that_never_began_are_no_answer_without_it() -> None:
    late = {
        "type": "tool-call-delta",
        "index": 9,
        "delta": {"message": {"tool_calls": {"function": {"arguments": "x"}}}},
    }
    with pytest.raises(ValueError, match="has not begun"):
        decoded(late, end())


def test_citations_go_to_the_text_or_the_plan_that_they_are_of() -> None:
    def cited(kind: str) -> dict[str, Any]:
        citation = {"start": 0, "end": 1, "type": kind, "sources": []}
        return {"type": "citation-start", "index": 0, "delta": {"message": {"citations": citation}}}

    plan = {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "p"}}}
    events = decoded({"type": "message-start"}, plan, cited("PLAN"), content("t"), cited("THINKING_CONTENT"), end())
    assert [event.index for event in events if isinstance(event, CitationDelta)] == [0]


def test_nothing_is_said_behind_the_end() -> None:
    assert isinstance(decoded(content("Hi"), end(), content("more"), {"type": "mood"})[-1], End)


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
def test_an_error_at_the_end_keeps_the_counts(reason: str) -> None:
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
    events = decoded(content("Hi"), {"type": "message-end", "delta": {"finish_reason": reason, "usage": usage}})
    assert UsageReport(Usage(input_tokens=1, output_tokens=2)) in events
    assert isinstance(events[-1], StreamFailure)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"7", b"[]", b"{}", b'{"type":7}', b'{"type":"content-delta","delta":{"message":7}}', b"\xff"]
)
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an event of a Cohere chat stream"):
        CohereEvents(context()).decode("", data)


@given(
    pieces=st.lists(
        st.tuples(st.sampled_from(["text", "thinking"]), st.integers(0, 2), st.text(max_size=4)), max_size=12
    )
)
def test_all_text_and_thinking_comes_out_in_order(pieces: list[tuple[str, int, str]]) -> None:
    events = decoded(*(content(text, index, kind) for kind, index, text in pieces), end())
    said = [
        ("text" if isinstance(event, TextDelta) else "thinking", event.text)
        for event in events
        if isinstance(event, TextDelta | ThinkingDelta)
    ]
    assert said == [(kind, text) for kind, _, text in pieces if text]

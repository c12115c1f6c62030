from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import Block, Text, Thinking, ToolCall
from penstock.core.chat_answer import (
    BlockBegin,
    ChatEvent,
    End,
    Finish,
    SignatureDelta,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    UsageReport,
)
from penstock.core.chat_format import AnswerContext
from penstock.wire.gemini_generate.decode_events import StreamDecoder
from penstock.wire.gemini_generate.lift_answer import lift_answer
from tests.wire.chat_vector import check_order


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="r")


def decode(*events: Any, close: bool = True) -> list[ChatEvent]:
    decoder = StreamDecoder(context())
    found = [event for data in events for event in decoder.decode("", json.dumps(data).encode())]
    found += decoder.close() if close else []
    check_order(found)
    return found


def event(*parts: Any, reason: str | None = None, **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason, **candidate}]}


def assemble(events: list[ChatEvent]) -> list[Block]:
    blocks: list[Block] = []
    for each in events:
        last = blocks[-1] if blocks else None
        if isinstance(each, BlockBegin):
            blocks.append(each.block)
        elif isinstance(each, TextDelta | ThinkingDelta) and isinstance(last, Text | Thinking):
            last.text += each.text
        elif isinstance(each, SignatureDelta) and isinstance(last, Text | Thinking):
            assert last.signature is None, "a block has one signature"
            last.signature = each.signature
    return blocks


def joined(blocks: list[Block]) -> list[Block]:
    """Return blocks as a stream has them: texts of one kind run together until one is signed."""
    found: list[Block] = []
    for block in blocks:
        last = found[-1] if found else None
        if isinstance(block, Text | Thinking) and type(last) is type(block) and last.signature is None:
            last.text += block.text
            last.signature = block.signature
        else:
            found.append(block)
    return found


texts = st.fixed_dictionaries(
    {"text": st.text("aé", max_size=3)},
    optional={"thought": st.booleans(), "thoughtSignature": st.sampled_from(["MQ==", "Mg=="])},
)
calls = st.fixed_dictionaries(
    {"functionCall": st.fixed_dictionaries({"name": st.just("f")}, optional={"args": st.just({"a": 1})})},
    optional={"thoughtSignature": st.just("Mw==")},
)
parts = st.one_of(
    texts,
    calls,
    st.just({"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
    st.just({"executableCode": {"code": "1"}}),
    st.just({"hologram": {}}),
    st.just({"thoughtSignature": "NA=="}),
)


@given(st.lists(st.lists(parts, max_size=3), min_size=1, max_size=5))
def test_a_stream_says_what_the_whole_answer_says(events: list[list[Any]]) -> None:
    *before, last = (event(*each) for each in events)
    last["candidates"][0]["finishReason"] = "STOP"
    found = decode(*before, last)
    whole = lift_answer(
        json.dumps(event(*(part for each in events for part in each), reason="STOP")).encode(), context()
    )
    assert assemble(found) == joined(whole.choices[0].blocks)
    [finish] = [each for each in found if isinstance(each, Finish)]
    assert finish.reason == whole.choices[0].finish
    assert isinstance(found[-1], End)


@given(st.lists(st.lists(parts, max_size=3), max_size=4))
def test_a_stream_without_a_reason_has_no_end(events: list[list[Any]]) -> None:
    found = decode(*(event(*each) for each in events))
    assert not any(isinstance(each, End | Finish) for each in found)


def test_one_candidate_of_two_that_did_not_end_keeps_the_stream_open() -> None:
    two = {"candidates": [{"finishReason": "STOP"}, {"index": 1, "content": {"parts": [{"text": "a"}]}}]}
    found = decode(two)
    assert [each.choice for each in found if isinstance(each, Finish)] == [0]
    assert not any(isinstance(each, End) for each in found)


def test_a_reason_before_the_last_text_is_told_behind_it() -> None:
    found = decode(event({"text": "a"}, reason="STOP"), event({"text": "b"}, reason="MAX_TOKENS"))
    assert [each.reason for each in found if isinstance(each, Finish)] == ["length"]


def test_a_call_makes_a_later_stop_one_for_its_result() -> None:
    found = decode(event({"functionCall": {"name": "f"}}), event({"text": ""}, reason="STOP"))
    assert [each.reason for each in found if isinstance(each, Finish)] == ["tool_calls"]
    assert [each.block for each in found if isinstance(each, BlockBegin) and isinstance(each.block, ToolCall)]


def test_an_error_ends_the_stream_and_nothing_comes_behind_it() -> None:
    failure = {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}
    found = decode(event({"text": "a"}, reason="STOP"), failure)
    last = found[-1]
    assert isinstance(last, StreamFailure)
    assert (last.error.kind, last.error.status) == ("rate_limit", 429)


def test_counts_are_told_with_each_event_that_has_some() -> None:
    found = decode(
        event({"text": "a"}) | {"usageMetadata": {"promptTokenCount": 1}},
        event(reason="STOP") | {"usageMetadata": None},
    )
    assert [each.usage.input_tokens for each in found if isinstance(each, UsageReport)] == [1]


def test_logprobs_stand_with_the_first_text_of_their_event() -> None:
    result = {"chosenCandidates": [{"token": "a", "logProbability": -1.0}]}
    found = decode(
        event({"text": "t", "thought": True}, {"text": "a"}, {"text": "b"}, reason="STOP", logprobsResult=result)
    )
    assert [each.logprobs is not None for each in found if isinstance(each, TextDelta)] == [True, False]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"[DONE]", b'{"candidates":{}}', b'{"candidates":[{"content":{"parts":[5]}}]}']
)
def test_what_is_no_event_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        StreamDecoder(context()).decode("", data)


def test_a_stream_of_nothing_is_nothing() -> None:
    assert decode() == []

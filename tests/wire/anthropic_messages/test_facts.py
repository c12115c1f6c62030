"""What a relay reads of Anthropic messages; the SDK's types and its own accumulation of usage are the oracles."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest
from anthropic.types import MessageStartEvent, RawMessageDeltaEvent, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.endpoint import PLAIN_EVENT, AnswerFacts, RequestFacts
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.anthropic_messages.facts import (
    CLOSING_EVENT,
    merge_usage,
    read_answer,
    read_count,
    read_count_request,
    read_event,
    read_opening,
    read_request,
)

COUNTS = st.none() | st.integers(0, 1000)
USAGES = st.fixed_dictionaries(
    {"input_tokens": st.integers(0, 1000), "output_tokens": st.integers(0, 1000)},
    optional={"cache_read_input_tokens": COUNTS, "cache_creation_input_tokens": COUNTS},
)
LATE_USAGES = st.fixed_dictionaries(
    {"output_tokens": st.integers(0, 1000)},
    optional={"input_tokens": COUNTS, "cache_read_input_tokens": COUNTS, "cache_creation_input_tokens": COUNTS},
)


def start(usage: object) -> bytes:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return json.dumps({"type": "message_start", "message": message}).encode()


def delta(usage: object, reason: str | None = "end_turn") -> bytes:
    return json.dumps({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}).encode()


# --- requests


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (b"{}", RequestFacts(None, False, False)),
        (b'{"model":"m","stream":false}', RequestFacts("m", False, False)),
        (b'{"model":"m","stream":true}', RequestFacts("m", True, True)),
    ],
)
def test_a_request_says_model_and_stream_and_its_stream_has_counts(body: bytes, facts: RequestFacts) -> None:
    assert read_request(JsonObject(body)) == facts


@pytest.mark.parametrize("body", [b'{"model":7}', b'{"stream":"yes"}', b'{"model":"a","model":"b"}'])
def test_a_field_in_doubt_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_request(JsonObject(body))


def test_a_request_to_count_has_no_stream_whatever_it_says() -> None:
    assert read_count_request(JsonObject(b'{"model":"m","stream":true}')) == RequestFacts("m", False, False)


# --- answers and events


def test_input_tokens_are_the_whole_of_the_input() -> None:
    usage = {
        "input_tokens": 5,
        "cache_read_input_tokens": 70,
        "cache_creation_input_tokens": 900,
        "output_tokens": 8,
        "output_tokens_details": {"thinking_tokens": 3},
        "service_tier": "standard",
    }
    body = json.dumps(
        {"type": "message", "content": [], "model": "m", "stop_reason": "tool_use", "usage": usage}
    ).encode()
    expected = Usage(975, 70, 900, 8, 3)
    assert read_answer(body, None) == AnswerFacts(expected, "m", ("tool_use",))
    assert read_event(start(usage), None) == AnswerFacts(expected, "m")
    assert read_event(delta(usage), None) == AnswerFacts(expected, finish_reasons=("end_turn",))


@given(USAGES, LATE_USAGES)
def test_the_counts_of_a_stream_are_put_together_as_the_sdk_does(early: dict[str, int], late: dict[str, int]) -> None:
    told = MessageStartEvent.model_validate_json(start(early)).message.usage
    update = RawMessageDeltaEvent.model_validate_json(delta(late)).usage
    told.output_tokens = update.output_tokens
    for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
        if getattr(update, name) is not None:
            setattr(told, name, getattr(update, name))
    merged = merge_usage(read_event(start(early), None).usage, read_event(delta(late), None).usage)
    read, created = told.cache_read_input_tokens, told.cache_creation_input_tokens
    if late.get("input_tokens") is None and (
        late.get("cache_read_input_tokens") is not None or late.get("cache_creation_input_tokens") is not None
    ):
        return  # cached parts alone, without the rest of the input: documented nowhere
    assert merged == Usage(told.input_tokens + (read or 0) + (created or 0), read, created, told.output_tokens)


def test_a_zero_is_a_report_and_nothing_is_none() -> None:
    assert read_event(delta({"output_tokens": 0}), None).usage == Usage(output_tokens=0)
    assert read_event(delta(None, None), None).usage == UNREPORTED
    assert merge_usage(Usage(input_tokens=4), Usage(output_tokens=0)) == Usage(input_tokens=4, output_tokens=0)


@pytest.mark.parametrize(
    "data",
    [
        b'{"type":"ping"}',
        b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}',
        b'{"type":"content_block_delta","index":0,"delta":{"stop_reason":7}}',
        b'{"type":"content_block_stop","index":0}',
        b'{"type":"something_new","usage":7}',
        b"{}",
    ],
)
def test_an_event_that_says_nothing_is_the_plain_one(data: bytes) -> None:
    assert read_event(data, None) is PLAIN_EVENT


def test_every_event_of_the_sdk_has_a_reading() -> None:
    union = get_args(RawMessageStreamEvent)[0]
    kinds = {get_args(event.model_fields["type"].annotation)[0] for event in get_args(union)}
    telling = {"message_start", "message_delta", "message_stop"}
    for kind in kinds - telling:
        assert read_event(json.dumps({"type": kind}).encode(), None) is PLAIN_EVENT
    assert telling <= kinds


def test_the_last_event_ends_the_stream() -> None:
    assert read_event(b'{"type":"message_stop"}', None) == AnswerFacts(ends=True)
    assert CLOSING_EVENT.startswith(b"event: message_stop\n")


@pytest.mark.parametrize("error", [b'{"type":"overloaded_error","message":"no"}', b'"no"', b'{"type":"no"}'])
def test_an_error_is_seen(error: bytes) -> None:
    assert read_event(b'{"type":"error","error":%b}' % error, None).error == "no"
    assert read_event(b'{"error":%b}' % error, None).error == "no"
    assert read_answer(b'{"type":"error","error":%b}' % error, None).error == "no"


def test_a_member_of_another_type_is_skipped_and_the_others_are_read() -> None:
    odd = {"input_tokens": "7", "output_tokens": 3, "cache_read_input_tokens": -1}
    facts = read_answer(json.dumps({"content": [], "model": 7, "stop_reason": "refusal", "usage": odd}).encode(), None)
    assert facts == AnswerFacts(Usage(output_tokens=3), None, ("refusal",))
    assert read_event(b'{"type":"message_delta","delta":7,"usage":[]}', None) == AnswerFacts()


def test_a_providers_own_reader_reads_the_usage() -> None:
    facts = read_answer(b'{"content":[],"usage":{"n":4}}', lambda usage: Usage(output_tokens=len(usage)))
    assert facts.usage == Usage(output_tokens=1)


@pytest.mark.parametrize("body", [b"{}", b'{"content":"x"}', b'{"content":null,"type":"message"}', b'{"hello":1}'])
def test_an_object_that_is_neither_a_message_nor_an_error_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="without content"):
        read_answer(body, None)


def test_a_stream_begins_with_its_message_or_with_an_error() -> None:
    assert read_opening(start({"input_tokens": 5}), None) == AnswerFacts(Usage(input_tokens=5), "m")
    failed = read_opening(b'{"type":"error","error":{"type":"overloaded_error","message":"no"}}', None)
    assert failed is not None
    assert failed.error == "no"


@pytest.mark.parametrize("event", [b'{"type":"ping"}', b'{"type":"vertex_event","usage":{}}'])
def test_what_is_no_part_of_the_message_may_stand_in_front_of_it(event: bytes) -> None:
    assert read_opening(event, None) is None


@pytest.mark.parametrize(
    "event",
    [
        b"{}",
        b'{"hello":1}',
        b'{"choices":[]}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}',
        b'{"type":"content_block_start","index":0,"content_block":{}}',
        b'{"type":"content_block_stop","index":0}',
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn"}}',
        b'{"type":"message_stop"}',
        b"[]",
        b"{",
    ],
)
def test_no_stream_begins_with_anything_else(event: bytes) -> None:
    with pytest.raises(ValueError, match="not"):
        read_opening(event, None)


def test_what_is_counted_is_not_used() -> None:
    assert read_count(b'{"input_tokens":2095}', None) is PLAIN_EVENT
    with pytest.raises(ValueError, match="count of tokens"):
        read_count(b'{"tokens":2095}', None)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    for read in (read_answer, read_event, read_count):
        with pytest.raises(ValueError, match="not"):
            read(body, None)


@given(
    st.dictionaries(
        st.sampled_from(["type", "message", "delta", "usage", "error"]), st.none() | st.text() | st.lists(st.integers())
    )
)
def test_no_object_is_too_odd_to_read(event: dict[str, object]) -> None:
    assert isinstance(read_event(msgspec.json.encode(event), None), AnswerFacts)

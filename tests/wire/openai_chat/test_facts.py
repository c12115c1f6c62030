"""What a relay reads of chat completions; the SDK's types and the careful reader of usage are the oracles."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice

from penstock.core.endpoint import PLAIN_EVENT, RequestFacts
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.usage import UNREPORTED, Usage
from penstock.wire.openai_chat.facts import (
    FINISH_REASONS,
    FinishReason,
    ask_for_usage,
    read_answer,
    read_event,
    read_opening,
    read_request,
)
from penstock.wire.openai_usage import read_openai_usage

COUNTS = st.none() | st.integers(-2, 2**64) | st.sampled_from(["7", 7.0, True])
INPUT_NAMES = st.sampled_from(["cached_tokens", "cache_write_tokens", "cache_creation_input_tokens", "audio_tokens"])
OUTPUT_NAMES = st.sampled_from(["reasoning_tokens", "audio_tokens"])
USAGES = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": COUNTS,
        "completion_tokens": COUNTS,
        "total_tokens": COUNTS,
        "prompt_tokens_details": st.none() | st.dictionaries(INPUT_NAMES, COUNTS),
        "completion_tokens_details": st.none() | st.dictionaries(OUTPUT_NAMES, COUNTS),
        "more": COUNTS,
    },
)


def literals(annotation: object) -> set[str]:
    """Collect the values of a Literal, wherever it stands in an annotation."""
    inner = get_args(annotation)
    return {annotation} if isinstance(annotation, str) else set().union(*map(literals, inner))


@pytest.mark.parametrize("choice", [Choice, ChunkChoice])
def test_every_finish_reason_of_the_sdk_is_known_and_no_other(choice: type[Choice | ChunkChoice]) -> None:
    assert set(FINISH_REASONS) == literals(choice.model_fields["finish_reason"].annotation)
    assert set(FINISH_REASONS) == set(get_args(FinishReason))


# --- requests


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (b"{}", RequestFacts(None, False, False)),
        (b'{"model":"m"}', RequestFacts("m", False, False)),
        (b'{"model":"m","stream":true}', RequestFacts("m", True, False)),
        (b'{"model":"m","stream":null}', RequestFacts("m", False, False)),
        (b'{"stream":true,"stream_options":{"include_usage":true}}', RequestFacts(None, True, True)),
        (b'{"stream":true,"stream_options":{"include_usage":false}}', RequestFacts(None, True, False)),
        (b'{"stream":true,"stream_options":null}', RequestFacts(None, True, False)),
        (b'{"stream_options":7}', RequestFacts(None, False, False)),
    ],
)
def test_a_request_says_model_and_stream_and_whether_it_wants_counts(body: bytes, facts: RequestFacts) -> None:
    assert read_request(JsonObject(body)) == facts


@pytest.mark.parametrize(
    "body",
    [b'{"model":7}', b'{"stream":"yes"}', b'{"stream":true,"stream_options":7}', b'{"stream":true,"stream":false}'],
)
def test_a_field_in_doubt_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_request(JsonObject(body))


@pytest.mark.parametrize("before", [{}, {"include_usage": False}, {"include_obfuscation": False}])
def test_usage_is_asked_for_and_other_options_stay(before: dict[str, object]) -> None:
    for options in [before] if before else [None, before]:
        body = {"model": "m", "stream_options": options, "n": 1} if options is not None else {"model": "m", "n": 1}
        edit = JsonEdit(JsonObject(json.dumps(body).encode()))
        ask_for_usage(edit)
        asked = json.loads(edit.render())
        assert asked == {**body, "stream_options": {**(options or {}), "include_usage": True}}


def test_stream_options_of_another_type_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="stream_options"):
        ask_for_usage(JsonEdit(JsonObject(b'{"stream_options":[1]}')))


# --- answers


@given(USAGES)
@example({"completion_tokens_details": {"audio_tokens": 2**63}, "prompt_tokens": 2**63 - 1})
def test_usage_is_read_at_once_as_it_is_read_with_care(usage: dict[str, object]) -> None:
    read = read_answer(msgspec.json.encode({"choices": [], "usage": usage}), None).usage
    assert read == read_openai_usage(usage)


@given(st.lists(st.sampled_from([*FINISH_REASONS, "new_reason", None]), max_size=3))
def test_finish_reasons_are_read_of_every_choice(reasons: list[str | None]) -> None:
    body = json.dumps({"choices": [{"finish_reason": reason} for reason in reasons]}).encode()
    named = tuple(reason for reason in reasons if reason is not None)
    assert read_answer(body, None).finish_reasons == named
    assert read_event(body, None).finish_reasons == named


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":null}',
        b'{"choices":[]}',
        b"{}",
        b'{"choices":[{"delta":{"content":7}}],"error":null}',
    ],
)
def test_an_event_that_says_nothing_is_the_plain_one(data: bytes) -> None:
    assert read_event(data, None) is PLAIN_EVENT


@pytest.mark.parametrize(("choices", "usage_only"), [(b"[]", True), (b'[{"delta":{}}]', False)])
def test_an_event_with_counts_and_no_choice_is_the_extra_one(choices: bytes, usage_only: bool) -> None:
    facts = read_event(b'{"choices":%b,"usage":{"prompt_tokens":1}}' % choices, None)
    assert facts.usage == Usage(input_tokens=1)
    assert facts.usage_only is usage_only


@pytest.mark.parametrize("error", [b'{"message":"no"}', b'"no"', b'{"code":"no"}'])
def test_an_error_is_seen_beside_anything_else(error: bytes) -> None:
    for rest in (b"", b',"choices":7', b',"usage":"x"'):
        assert read_event(b'{"error":%b%b}' % (error, rest), None).error == "no"


@pytest.mark.parametrize("rest", [b"", b',"choices":7'])
def test_an_error_deeper_than_a_parser_goes_is_not_json(rest: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        read_event(b'{"error":%b%b%b}' % (b"[" * 100_000, b"]" * 100_000, rest), None)


def test_a_member_of_another_type_is_skipped_and_the_others_are_read() -> None:
    facts = read_answer(b'{"model":7,"choices":[{"finish_reason":"stop"},3,{"finish_reason":9}],"usage":[]}', None)
    assert (facts.model, facts.finish_reasons, facts.usage) == (None, ("stop",), UNREPORTED)


def test_a_providers_own_reader_reads_the_usage() -> None:
    facts = read_answer(b'{"choices":[],"usage":{"n":4}}', lambda usage: Usage(output_tokens=len(usage)))
    assert facts.usage == Usage(output_tokens=1)


@pytest.mark.parametrize("body", [b"{}", b'{"hello":1}', b'{"choices":null}', b'{"choices":"x","model":"m"}'])
def test_an_object_that_is_neither_an_answer_nor_an_error_is_refused(body: bytes) -> None:
    for read in (read_answer, read_opening):
        with pytest.raises(ValueError, match="without choices"):
            read(body, None)


@pytest.mark.parametrize("event", [b'{"choices":[]}', b'{"choices":[{"index":0,"delta":{"content":"x"}}]}'])
def test_a_stream_begins_with_a_chunk(event: bytes) -> None:
    assert read_opening(event, None) is PLAIN_EVENT


def test_a_stream_may_begin_with_counts_or_an_error() -> None:
    assert read_opening(b'{"usage":{"prompt_tokens":5}}', None).usage == Usage(input_tokens=5)
    assert read_opening(b'{"error":{"message":"no"}}', None).error == "no"


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    for read in (read_answer, read_event):
        with pytest.raises(ValueError, match="not"):
            read(body, None)

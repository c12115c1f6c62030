from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import Text, ToolCall, VendorBlock
from penstock.core.chat_format import AnswerContext
from penstock.wire.gemini_generate.lift_answer import lift_answer, read_time


def context() -> AnswerContext:
    return AnswerContext(model="m", request_id="r", created=7)


def answer(parts: Any, **more: Any) -> bytes:
    return json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], **more}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"candidates":[]}',
        b'{"candidates":5}',
        b'{"candidates":[],"promptFeedback":{}}',
        b'{"candidates":[{"content":{"parts":[{"text":5}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}',
        b'{"candidates":' + b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        lift_answer(body, context())


@given(st.binary(max_size=40))
def test_nothing_but_a_value_error_comes_of_any_bytes(body: bytes) -> None:
    try:
        lifted = lift_answer(body, context())
    except ValueError:
        return
    assert lifted.choices


def test_nulls_are_absent_and_unknown_members_are_ignored() -> None:
    body = answer(
        [{"text": "a", "thought": None, "functionCall": None, "novel": {"x": 1}}],
        createTime=None,
        modelVersion=None,
        responseId=None,
        usageMetadata=None,
        promptFeedback=None,
    )
    lifted = lift_answer(body, context())
    assert lifted.choices[0].blocks == [Text("a")]
    assert (lifted.id, lifted.model, lifted.created) == ("r", "m", 7)


def test_a_part_that_nobody_knows_is_counted() -> None:
    counted = context()
    assert lift_answer(answer([{"hologram": {}}]), counted).choices[0].blocks == []
    assert counted.unknown == ["part"]


def test_a_signature_alone_behind_a_call_is_an_empty_text() -> None:
    blocks = (
        lift_answer(answer([{"functionCall": {"name": "f"}}, {"thoughtSignature": "c2ln"}]), context())
        .choices[0]
        .blocks
    )
    assert isinstance(blocks[0], ToolCall)
    assert blocks[1] == Text("", signature="c2ln")


def test_a_signature_is_not_put_onto_a_text_that_has_one() -> None:
    parts = [{"text": "a", "thoughtSignature": "MQ=="}, {"text": "", "thoughtSignature": "Mg=="}]
    blocks = lift_answer(answer(parts), context()).choices[0].blocks
    assert blocks == [Text("a", signature="MQ=="), Text("", signature="Mg==")]


def test_code_that_google_ran_stays_in_its_place() -> None:
    parts = [{"text": "a"}, {"executableCode": {"code": "1"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK"}}]
    blocks = lift_answer(answer(parts), context()).choices[0].blocks
    assert [block.kind for block in blocks if isinstance(block, VendorBlock)] == [
        "executableCode",
        "codeExecutionResult",
    ]


def test_what_google_says_of_a_choice_is_kept_as_it_is() -> None:
    candidate = {"finishReason": "SAFETY", "safetyRatings": [{"a": 1}], "citationMetadata": None, "finishMessage": "m"}
    choice = lift_answer(json.dumps({"candidates": [candidate]}).encode(), context()).choices[0]
    assert {name: json.loads(bytes(raw)) for name, raw in choice.extras.items()} == {
        "safetyRatings": [{"a": 1}],
        "finishMessage": "m",
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-01T12:00:00Z", 1793534400),
        ("2026-11-01T12:00:00.999999999Z", 1793534400),
        ("2026-11-01T13:00:00+01:00", 1793534400),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_in_unix_seconds(text: str | None, seconds: int | None) -> None:
    assert read_time(text) == seconds

"""What other vendors left in a conversation does not reach Anthropic; every other byte does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.anthropic_messages.foreign_marks import drop_foreign_marks

MARK = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
TEXT = {"type": "text", "text": "Hello"}
CALL = {"type": "tool_use", "id": "t1", "name": "look", "input": {"x": 1.50}}
OWN = {"type": "thinking", "thinking": "Hm", "signature": "EqQBCkYIAhgC/+="}


def cleaned(body: bytes) -> tuple[bytes, list[str]]:
    edit = JsonEdit(JsonObject(body))
    drop_foreign_marks(edit)
    return edit.render(), [loss.path for loss in edit.losses]


def in_turn(*blocks: Any) -> bytes:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": list(blocks)}]
    return json.dumps({"model": "m", "messages": turns}).encode()


def blocks_of(body: bytes) -> Any:
    return json.loads(body)["messages"][1]["content"]


def test_signatures_of_gemini_on_texts_and_calls_are_taken_out_and_reported() -> None:
    body, losses = cleaned(in_turn({**TEXT, **MARK}, OWN, {**CALL, **MARK}))
    assert blocks_of(body) == [TEXT, OWN, CALL]
    assert losses == ["$.messages[1].content[0].extra_content", "$.messages[1].content[2].extra_content"]


@pytest.mark.parametrize("signature", ["", "gemini:c2ln"])
def test_thinking_that_anthropic_did_not_sign_is_taken_out(signature: str) -> None:
    body, losses = cleaned(in_turn({**OWN, "signature": signature}, TEXT, OWN))
    assert blocks_of(body) == [TEXT, OWN]
    assert losses == ["$.messages[1].content[0]"]


def test_an_empty_text_that_only_carried_a_mark_goes_with_it() -> None:
    body, losses = cleaned(in_turn(TEXT, {"type": "text", "text": "", **MARK}))
    assert blocks_of(body) == [TEXT]
    assert losses == ["$.messages[1].content[1].extra_content"]


def test_a_turn_of_nothing_else_goes_with_it() -> None:
    body, losses = cleaned(in_turn({**OWN, "signature": ""}))
    assert json.loads(body)["messages"] == [{"role": "user", "content": "Hi"}]
    assert losses == ["$.messages[1].content[0]"]


def test_a_mark_is_found_before_any_number_of_signatures_and_behind_them() -> None:
    marked, signed = {**OWN, "signature": "gemini:c2ln"}, [OWN] * 300
    for blocks in ([marked, *signed], [*signed, marked], [*signed, marked, *signed]):
        body, losses = cleaned(in_turn(TEXT, *blocks))
        assert blocks_of(body) == [TEXT, *(block for block in blocks if block is not marked)]
        assert len(losses) == 1


def test_the_other_bytes_stay() -> None:
    body = (
        b'{ "messages" : [ {"role":"user", "content":"\\u00e4 \xc3\xa4"},{"content":[ {"type":"tool_use", "input":'
        b' {"x" : 1.50, "y":1e3} , "extra_content":{"google":{"thought_signature":"a"}}} ], "role":"assistant"} ] ,'
        b'"model":"m"}'
    )
    expected = (
        b'{ "messages" : [ {"role":"user", "content":"\\u00e4 \xc3\xa4"},{"content":[ {"type":"tool_use", "input":'
        b' {"x" : 1.50, "y":1e3}} ], "role":"assistant"} ] ,"model":"m"}'
    )
    assert cleaned(body)[0] == expected


@pytest.mark.parametrize(
    "body",
    [
        in_turn(TEXT, CALL, OWN),
        in_turn({"type": "text", "text": 'He wrote {"extra_content": 1} and "signature":""'}),
        in_turn({**CALL, "input": {"extra_content": 1, "signature": ""}}),
        b'{"messages":"extra_content"}',
        b'{"messages":{"extra_content":1}}',
        b'{"messages":[7,{"content":{"extra_content":1}},{"extra_content":1},{"content":[7,"extra_content"]}]}',
        b'{"extra_content":1}',
    ],
)
def test_a_body_without_marks_keeps_its_very_bytes(body: bytes) -> None:
    assert cleaned(body) == (body, [])


@given(
    st.lists(
        st.sampled_from([TEXT, CALL, OWN, {**TEXT, **MARK}, {**CALL, **MARK}, {**OWN, "signature": ""}]), max_size=6
    )
)
def test_cleaning_twice_changes_no_more_than_once(blocks: list[Any]) -> None:
    once, _ = cleaned(in_turn(*blocks))
    assert cleaned(once) == (once, [])
    assert b"extra_content" not in once

"""What other vendors left in a conversation does not reach vendors that refuse it; every other byte does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.json_items import MOST_COMMAS, MOST_ITEMS
from penstock.wire.openai_chat.foreign_marks import drop_foreign_marks, drop_marks_but_googles

MARK = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
THOUGHT = {"reasoning_content": "Hm", "thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "Q2w="}]}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"extra_content":1}'}}
PLAIN = {"role": "assistant", "content": "Hello"}


def cleaned(body: bytes, drop: Any = drop_foreign_marks) -> tuple[bytes, list[str]]:
    edit = JsonEdit(JsonObject(body))
    drop("chat_completions", edit)
    return edit.render(), [loss.path for loss in edit.losses]


def of(*messages: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}, *messages]}).encode()


def test_marks_of_messages_and_of_calls_are_taken_out_and_reported() -> None:
    body, losses = cleaned(of({**PLAIN, **THOUGHT, **MARK, "tool_calls": [CALL, {**CALL, **MARK}]}))
    assert json.loads(body)["messages"][1] == {**PLAIN, "tool_calls": [CALL, CALL]}
    assert losses == [
        "$.messages[1].reasoning_content",
        "$.messages[1].thinking_blocks",
        "$.messages[1].extra_content",
        "$.messages[1].tool_calls[1].extra_content",
    ]


def test_where_google_wants_its_signatures_back_they_stay() -> None:
    message = {**PLAIN, **MARK, "tool_calls": [{**CALL, **MARK}]}
    body, losses = cleaned(of({**message, **THOUGHT}), drop_marks_but_googles)
    assert json.loads(body)["messages"][1] == message
    assert losses == ["$.messages[1].reasoning_content", "$.messages[1].thinking_blocks"]


def test_the_other_bytes_stay() -> None:
    body = (
        b'{ "messages" : [ {"role":"user", "content":"\\u00e4"},{"reasoning_content":null , "content" : "x", "n":1.50,'
        b' "tool_calls":[ {"id" : "c","extra_content":{} } ], "role":"assistant"} ] ,"model":"m"}'
    )
    expected = (
        b'{ "messages" : [ {"role":"user", "content":"\\u00e4"},{"content" : "x", "n":1.50,'
        b' "tool_calls":[ {"id" : "c" } ], "role":"assistant"} ] ,"model":"m"}'
    )
    assert cleaned(body) == (expected, ["$.messages[1].tool_calls[0].extra_content"])
    assert cleaned(b'{"messages":[{"role":"user"} ,{"content":"x"}]}')[1] == []


def test_a_message_of_nothing_else_goes_with_its_marks() -> None:
    body, losses = cleaned(of({"role": "assistant", "content": None, **THOUGHT}, PLAIN))
    assert json.loads(body)["messages"] == [{"role": "user", "content": "Hi"}, PLAIN]
    assert losses == ["$.messages[1].reasoning_content", "$.messages[1].thinking_blocks"]


@pytest.mark.parametrize(
    "body",
    [
        of(PLAIN, {**PLAIN, "tool_calls": [CALL]}, {**PLAIN, "content": '"reasoning_content":1, "thinking_blocks"'}),
        of({"role": "user", "content": [{"type": "text", "text": "x", **MARK}]}),
        b'{"messages":"x","reasoning_content":"x"}',
        b'{"messages":[7,"thinking_blocks",{"tool_calls":["extra_content",{"function":{"extra_content":1}}]}]}',
        b'{"messages":[{"tool_calls":{"extra_content":1}},{"tool_calls":null}],"thinking_blocks":[]}',
        b'{"messages":[{"tool_calls":[{"function":{"extra_content":1}}]}]}',
        b'{"thinking_blocks":1}',
    ],
)
def test_a_body_without_marks_keeps_its_very_bytes(body: bytes) -> None:
    assert cleaned(body) == (body, [])


def test_more_messages_than_any_conversation_has_are_not_looked_at() -> None:
    for most in (MOST_ITEMS, MOST_COMMAS):
        body = b'{"messages":[' + b"{}," * (most + 1) + b'{"thinking_blocks":[]}]}'
        assert cleaned(body) == (body, [])


def test_other_endpoints_have_no_messages() -> None:
    edit = JsonEdit(JsonObject(of({**PLAIN, **THOUGHT})))
    drop_foreign_marks("completions", edit)
    assert edit.render() is edit.object.source


def test_a_mark_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        cleaned(b'{"messages":[{"reasoning_content":"a","reasoning_content":"b"}]}')


@given(
    st.lists(st.sampled_from([PLAIN, {**PLAIN, **THOUGHT}, {**PLAIN, "tool_calls": [{**CALL, **MARK}]}]), max_size=6)
)
def test_cleaning_twice_changes_no_more_than_once(messages: list[Any]) -> None:
    once, losses = cleaned(of(*messages))
    assert cleaned(once) == (once, [])
    assert len(json.loads(once)["messages"]) == len(messages) + 1
    assert bool(losses) is (once != of(*messages))

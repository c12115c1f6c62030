"""Members nobody documents are found by their paths, and everything else keeps its bytes."""

from __future__ import annotations

import json

import pytest

from penstock.wire.openai_chat import request_body as body
from penstock.wire.openai_chat.unread import without_unknown


def prune(source: str) -> tuple[str, list[str]]:
    found: list[str] = []
    return without_unknown(source.encode(), body.Body, "", found).decode(), found


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ('{"role":"user","content":"x","a":1}', ["messages[0].a"]),
        ('{"role":"user","content":"x","a":null}', []),
        ('{"role":"user","content":[{"type":"text","text":"x","b":{"c":1}}]}', ["messages[0].content[0].b"]),
        (
            '{"role":"assistant","tool_calls":[{"id":"i","function":{"name":"f","x":1},"y":[]}]}',
            ["messages[0].tool_calls[0].function.x", "messages[0].tool_calls[0].y"],
        ),
        ('{"role":"user","content":[{"type":"text","text":"x","cache_control":{"scope":"g"}}]}',
         ["messages[0].content[0].cache_control.scope"]),
    ],
)  # fmt: skip
def test_unknown_members_are_named(message: str, paths: list[str]) -> None:
    _, found = prune('{"messages":[' + message + "]}")
    assert found == paths


def test_a_known_body_keeps_its_values() -> None:
    source = '{"messages":[{"role":"user","content":"é"}],"logit_bias":{"1":1.0,"2":1e2},"more":{"role":"x"}}'
    pruned, found = prune(source)
    assert pruned == source
    assert not found


def test_a_member_of_another_role_is_unknown() -> None:
    pruned, found = prune('{"messages":[{"role":"user","content":"x","tool_call_id":"t"}]}')
    assert found == ["messages[0].tool_call_id"]
    assert json.loads(pruned) == {"messages": [{"role": "user", "content": "x"}]}


def test_what_is_no_object_is_left_for_the_decoder_to_refuse() -> None:
    source = '{"messages":[5,{"role":9},{"role":"robot","a":1}]}'
    assert prune(source) == (source, [])

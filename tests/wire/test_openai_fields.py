"""What counts as a loss, what is taken out, and that everything else keeps its bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsBase as ChatParams
from openai.types.completion_create_params import CompletionCreateParamsBase as CompletionParams

from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.loss import Loss, LossKind
from penstock.wire.openai_fields import (
    ASKS_NOTHING,
    asks_for_something,
    drop_fields,
    drop_from_items,
    keep_one_choice,
    move_output_limit,
    report_ignored,
)

NAMES = st.sampled_from(["model", "n", "user", "logprobs", "x"])
BODIES = st.dictionaries(NAMES, st.none() | st.booleans() | st.integers() | st.text(max_size=4), max_size=5)


def editing(body: str | bytes) -> JsonEdit:
    return JsonEdit(JsonObject(body.encode() if isinstance(body, str) else body))


def test_every_member_with_a_default_is_one_of_openais() -> None:
    assert set(ASKS_NOTHING) <= set(ChatParams.__annotations__) | set(CompletionParams.__annotations__)


@pytest.mark.parametrize(
    ("name", "value"),
    [("logprobs", "false"), ("n", "1"), ("presence_penalty", "0.0"), ("logit_bias", "{}"), ("user", "null")],
)
def test_a_default_is_taken_out_and_is_no_loss(name: str, value: str) -> None:
    edit = editing(f'{{"model": "m", "{name}": {value}}}')
    assert not asks_for_something(edit, name)
    drop_fields(edit, (name,), "refused")
    assert (edit.render(), edit.losses) == (b'{"model": "m"}', [])


@pytest.mark.parametrize(
    ("name", "value"),
    [("logprobs", "true"), ("logprobs", "0"), ("n", "2"), ("seed", "0"), ("user", '"u"'), ("logit_bias", '{"1":2}')],
)
def test_a_wish_that_is_taken_out_is_a_loss(name: str, value: str) -> None:
    edit = editing(f'{{"{name}": {value}, "model": "m"}}')
    kind: LossKind = "clamped" if name == "n" else "dropped"
    drop_fields(edit, (name,), "refused")
    assert (edit.render(), edit.losses) == (b'{"model": "m"}', [Loss(f"$.{name}", kind, "refused")])


def test_what_is_ignored_stays_in_the_body_and_is_a_loss() -> None:
    edit = editing('{"seed" : 7e0, "store":false}')
    report_ignored(edit, ("seed", "store", "user"), "ignored")
    assert (edit.render(), edit.losses) == (edit.object.source, [Loss("$.seed", "dropped", "ignored")])


def test_a_value_that_cannot_be_read_asks_for_something() -> None:
    assert asks_for_something(editing(b'{"user":"\xff"}'), "user")


@pytest.mark.parametrize(("before", "after", "losses"), [("1", "1", 0), ("3", "1", 1), ("null", "null", 0)])
def test_more_choices_than_one_become_one(before: str, after: str, losses: int) -> None:
    edit = editing(f'{{"n":{before}}}')
    keep_one_choice(edit, "one only")
    assert edit.render() == f'{{"n":{after}}}'.encode()
    assert edit.losses == [Loss("$.n", "clamped", "one only")] * losses


def test_the_output_limit_keeps_its_value_under_its_older_name() -> None:
    edit = editing('{"max_completion_tokens":5}')
    move_output_limit(edit, "older name")
    assert json.loads(edit.render()) == {"max_tokens": 5}
    assert edit.losses == []


def test_a_member_is_taken_out_of_each_item_and_the_rest_keeps_its_bytes() -> None:
    edit = editing('{"messages": [ {"role":"user", "name":"a","content":1e2}, {"role" :"tool"}, 7, {"name":null}]}')
    drop_from_items(edit, "messages", "name", "refused")
    assert edit.render() == b'{"messages": [ {"role":"user","content":1e2}, {"role" :"tool"}, 7, {}]}'
    assert edit.losses == [Loss("$.messages[0].name", "dropped", "refused")]


@pytest.mark.parametrize(
    "messages",
    ['"name"', '[{"content":"\\"name\\"","tool_calls":[{"function":{"name":"f"}}]}]', '{"name":1}', "[]"],
)
def test_a_body_without_the_member_keeps_its_bytes(messages: str) -> None:
    edit = editing(f'{{"messages": {messages} }}')
    drop_from_items(edit, "messages", "name", "refused")
    assert (edit.render(), edit.losses) == (edit.object.source, [])


def test_a_member_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        drop_fields(editing('{"n":1,"n":2}'), ("n",), "refused")


@given(BODIES)
def test_dropping_loses_exactly_what_it_reports(body: dict[str, object]) -> None:
    edit = editing(json.dumps(body))
    drop_fields(edit, ("n", "user", "logprobs"), "refused")
    rest = {name: value for name, value in body.items() if name in {"model", "x"}}
    assert json.loads(edit.render()) == rest
    reported = {loss.path.removeprefix("$.") for loss in edit.losses}
    for name in body.keys() - rest.keys() - reported:
        assert body[name] is None or body[name] in ASKS_NOTHING[name]


def test_one_choice_instead_of_several_is_the_same_loss_when_the_member_is_dropped() -> None:
    edit = JsonEdit(JsonObject(b'{"n":2,"seed":1}'))
    drop_fields(edit, ("n", "seed"), "unknown there")
    assert edit.losses == [Loss("$.n", "clamped", "unknown there"), Loss("$.seed", "dropped", "unknown there")]
    assert edit.render() == b"{}"

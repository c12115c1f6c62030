"""A request's settings: what is said, by which name, what asks for nothing, and what travels on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.chat import ChatRequest, Reasoning, ResponseFormat
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.openai_chat.lift_request import lift_request
from penstock.wire.openai_chat.request_body import Body
from tests.wire.chat_requests import openai_requests


def lift(**members: object) -> ChatRequest:
    body = {"messages": [{"role": "user", "content": "x"}], **members}
    return lift_request(JsonObject(json.dumps(body).encode()))


_FUNCTION = {"name": "f", "parameters": {"type": "object"}}
_SAID: dict[str, object] = {
    "model": "m",
    "stream": True,
    "tools": [{"type": "function", "function": _FUNCTION}],
    "functions": [_FUNCTION],
    "tool_choice": "none",
    "function_call": "none",
    "parallel_tool_calls": False,
    "max_completion_tokens": 7,
    "max_tokens": 7,
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "stop": "x",
    "seed": 3,
    "n": 2,
    "frequency_penalty": 1,
    "presence_penalty": 1,
    "logit_bias": {"5": 1},
    "logprobs": True,
    "top_logprobs": 2,
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "thinking": {"type": "enabled", "budget_tokens": 2000},
    "service_tier": "flex",
    "user": "u",
    "safety_identifier": "s",
    "metadata": {"a": "b"},
}


@pytest.mark.parametrize("name", sorted(_SAID))
def test_each_member_alone_makes_another_request(name: str) -> None:
    said, silent = lift(**{name: _SAID[name]}), lift()
    assert said != silent
    assert said.extras == silent.extras == {}, "it is read, not passed on"
    assert not said.unread


@pytest.mark.parametrize("stop", ["", [""], ["", ""], []])
def test_an_empty_text_to_stop_at_asks_for_nothing(stop: object) -> None:
    assert lift(stop=stop) == lift()
    assert lift(stop=["", "x"]).stop == ("x",)


def test_all_members_that_are_read_are_tried() -> None:
    assert {*_SAID, "messages", "stream_options"} == set(Body.__struct_fields__)


@pytest.mark.parametrize(
    ("members", "field", "value", "path"),
    [
        ({"max_tokens": 5}, "max_output_tokens", 5, "max_tokens"),
        ({"max_completion_tokens": 5}, "max_output_tokens", 5, "max_completion_tokens"),
        ({"n": 3}, "choices", 3, "n"),
        ({"user": "u"}, "user", "u", "user"),
        ({"safety_identifier": "u"}, "user", "u", "safety_identifier"),
        ({"reasoning_effort": "low"}, "reasoning", Reasoning(None, "low"), "reasoning_effort"),
        ({"reasoning_effort": "none"}, "reasoning", Reasoning("disabled", "none"), "reasoning_effort"),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}},
            "reasoning",
            Reasoning("enabled", None, 2000, show=False),
            "thinking",
        ),
        ({"stop": "END"}, "stop", ("END",), "stop"),
        ({"stop": ["a", "b"]}, "stop", ("a", "b"), "stop"),
        ({"response_format": {"type": "json_object"}}, "response_format", ResponseFormat("json_object"), None),
        ({"top_k": 4}, "top_k", 4, None),
        ({"temperature": 1}, "temperature", 1.0, None),
    ],
)
def test_a_setting_is_read_and_keeps_the_callers_name(
    members: dict[str, object], field: str, value: object, path: str | None
) -> None:
    request = lift(**members)
    assert getattr(request, field) == value
    assert path is None or request.path(field) == path


def test_what_asks_for_nothing_is_not_said() -> None:
    nothing = {
        "n": 1, "logprobs": False, "top_logprobs": 0, "frequency_penalty": 0, "presence_penalty": 0, "tools": [],
        "logit_bias": {}, "metadata": {}, "stop": [], "response_format": {"type": "text"}, "user": "", "store": False,
        "seed": None, "modalities": ["text"], "verbosity": "medium", "prediction": None, "stream_options": None,
    }  # fmt: skip
    assert lift(**nothing) == lift()


def test_usage_is_wanted_only_of_a_stream() -> None:
    asked = {"stream_options": {"include_usage": True, "include_obfuscation": False}}
    assert lift(stream=True, **asked).wants_usage_event
    assert not lift(**asked).wants_usage_event
    assert not lift(stream=True).wants_usage_event


def test_further_members_travel_as_they_are_written() -> None:
    source = b'{"messages":[{"role":"user","content":"x"}],"min_p": 1.0e-1,"web_search_options":{},"store":true}'
    extras = lift_request(JsonObject(source)).extras
    assert {name: bytes(raw) for name, raw in extras.items()} == {
        "min_p": b"1.0e-1",
        "web_search_options": b"{}",
        "store": b"true",
    }


def test_of_two_names_for_one_thing_the_newer_counts_and_the_other_is_noted() -> None:
    request = lift(max_tokens=1, max_completion_tokens=2, user="a", safety_identifier="b")
    assert (request.max_output_tokens, request.user) == (2, "b")
    assert request.unread == ("max_tokens", "user")


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"metadata": []}, "metadata"),
        ({"logit_bias": 1}, "logit_bias"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": 1}}},
            "response_format.json_schema.schema",
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": -1}}, "thinking.budget_tokens"),
        ({"n": 0}, "n"),
        ({"stop": 5}, "stop"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_wrong_value_is_refused_by_its_path(members: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        lift(**members)
    assert refusal.value.param == param


def test_a_member_that_stands_twice_is_refused() -> None:
    source = b'{"messages":[{"role":"user","content":"x"}],"temperature":0,"temperature":1}'
    with pytest.raises(InvalidRequest) as refusal:
        lift_request(JsonObject(source))
    assert (refusal.value.code, refusal.value.param) == ("duplicate_field", "temperature")


def objects_in(value: object, path: str) -> list[tuple[str, dict[str, object]]]:
    """Return the objects that are closed, with their paths; schemas are the caller's own."""
    found = []
    if isinstance(value, dict):
        found.append((path, value))
        for name, inner in value.items():
            if name != "parameters":
                found += objects_in(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += objects_in(inner, f"{path}[{number}]")
    return found


@given(openai_requests(), st.data())
def test_members_that_nobody_documents_are_noted_and_change_nothing(
    request: dict[str, object], data: st.DataObject
) -> None:
    source = json.dumps(request).encode()
    plain, request = lift_request(JsonObject(source)), json.loads(source)  # a copy, for it is changed
    closed = objects_in(request["messages"], "messages") + objects_in(request["tools"], "tools")
    chosen = data.draw(st.lists(st.sampled_from(closed), min_size=1, max_size=4, unique_by=lambda place: place[0]))
    for _, inner in chosen:
        inner["x_odd"] = data.draw(st.sampled_from([1, "a", {"role": "user"}, [None]]))
    noted = lift_request(JsonObject(json.dumps(request).encode()))
    assert sorted(noted.unread) == sorted(f"{path}.x_odd" for path, _ in chosen)
    noted.unread = ()
    assert noted == plain


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["user", "text", "tool"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "image_url", "tool_calls", "id"]), inner)
    ),
    max_leaves=12,
)


@given(openai_requests(), st.data())
def test_a_damaged_request_is_read_or_refused_with_a_path(request: dict[str, object], data: st.DataObject) -> None:
    damaged = request | {data.draw(st.sampled_from(sorted(request))): data.draw(JSON)}
    try:
        lift_request(JsonObject(json.dumps(damaged).encode("utf-8", "surrogatepass")))
    except InvalidRequest as refusal:
        assert refusal.param or refusal.code == "invalid_json"  # noqa: PT017 - most are refused, some are not

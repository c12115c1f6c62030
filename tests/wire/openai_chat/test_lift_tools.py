"""Tools and the choice among them, old names and new."""

from __future__ import annotations

import json

import pytest

from penstock.core.chat import CacheMarker, ChatRequest, Tool, ToolChoice, VendorTool
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.wire.openai_chat.lift_request import lift_request

NOW: dict[str, object] = {"type": "function", "function": {"name": "now"}}
SQL: dict[str, object] = {"type": "custom", "custom": {"name": "sql"}}
SEARCH: dict[str, object] = {"type": "web_search", "depth": {"a": 1}}


def lift(**members: object) -> ChatRequest:
    body = {"messages": [{"role": "user", "content": "x"}], **members}
    return lift_request(JsonObject(json.dumps(body).encode()))


def test_a_schema_keeps_its_bytes() -> None:
    source = b'{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f",'
    source += b'"parameters":{"b": 1.0, "a": 1e2}}}]}'
    (tool,) = lift_request(JsonObject(source)).tools
    assert isinstance(tool, Tool)
    assert bytes(tool.schema) == b'{"b": 1.0, "a": 1e2}'


def test_a_function_without_parameters_has_no_schema() -> None:
    for parameters in ({}, {"parameters": None}):
        (tool,) = lift(tools=[{"type": "function", "function": {"name": "f", **parameters}}]).tools
        assert isinstance(tool, Tool)
        assert bytes(tool.schema) == b""


@pytest.mark.parametrize("inside", [True, False])
def test_a_tool_is_marked_in_either_place(inside: bool) -> None:
    control = {"cache_control": {"type": "ephemeral"}}
    tool = {"type": "function", "function": {"name": "f", **(control if inside else {})}, **({} if inside else control)}
    assert lift(tools=[tool]).tools[0] == Tool("f", cache=CacheMarker(), at="tools[0]", body_at="tools[0].function")


def test_tools_of_vendors_travel_as_they_are() -> None:
    tools = lift(tools=[SQL, SEARCH]).tools
    assert [
        (tool.vendor, tool.kind, json.loads(bytes(tool.raw))) for tool in tools if isinstance(tool, VendorTool)
    ] == [
        ("openai_chat", "custom", SQL),
        ("openai_chat", "web_search", SEARCH),
    ]


def test_an_unknown_member_of_a_tool_is_noted() -> None:
    request = lift(tools=[NOW, {**NOW, "icon": "x"}])
    assert request.unread == ("tools[1].icon",)
    assert request.tools[1] == Tool("now", at="tools[1]", body_at="tools[1].function")


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        (NOW, ToolChoice("named", ("now",))),
        (SQL, ToolChoice("named", ("sql",))),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [NOW, SQL]}},
            ToolChoice("required", ("now", "sql")),
        ),
    ],
)
def test_every_choice_is_read(choice: object, found: ToolChoice) -> None:
    assert lift(tools=[NOW, SQL], tool_choice=choice).tool_choice == found


def test_tools_that_are_allowed_and_not_forced_are_the_only_ones_left() -> None:
    allowed = {"mode": "auto", "tools": [NOW, {"type": "web_search"}]}
    request = lift(tools=[NOW, SQL, SEARCH], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert request.tool_choice == ToolChoice("auto")
    assert [tool.at for tool in request.tools] == ["tools[0]", "tools[2]"]


def test_functions_are_tools() -> None:
    request = lift(functions=[{"name": "f"}, {"name": "g"}], function_call={"name": "g"})
    assert [tool.at for tool in request.tools] == ["functions[0]", "functions[1]"]
    assert request.tool_choice == ToolChoice("named", ("g",))
    assert (request.path("tools"), request.path("tool_choice")) == ("functions", "function_call")
    assert (request.parallel_tool_calls, request.path("parallel_tool_calls")) == (False, "functions")
    assert lift(functions=[{"name": "f"}], function_call="none").tool_choice == ToolChoice("none")


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"tools": [7]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [NOW | {"function": {"name": "f", "parameters": [1]}}]}, "tools[0].function.parameters"),
        ({"functions": [{"name": "f", "parameters": "x"}]}, "functions[0].parameters"),
        ({"tools": [NOW], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [NOW], "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [NOW], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
        (
            {
                "tools": [NOW],
                "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [SEARCH]}},
            },
            "tool_choice.allowed_tools.tools[0]",
        ),
        ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, "function_call.name"),
    ],
)  # fmt: skip
def test_what_is_no_tool_or_names_none_is_refused(members: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        lift(**members)
    assert refusal.value.param == param


def test_a_schema_that_is_too_deep_is_refused() -> None:
    schema: dict[str, object] = {}
    for _ in range(150):
        schema = {"not": schema}
    with pytest.raises(InvalidRequest) as refusal:
        lift(tools=[{"type": "function", "function": {"name": "f", "parameters": schema}}])
    assert refusal.value.param == "tools[0].function.parameters"

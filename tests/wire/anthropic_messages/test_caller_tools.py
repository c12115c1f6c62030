"""Tools and tool choices of callers of Anthropic's format."""

from __future__ import annotations

import json
from typing import get_args, get_type_hints

import pytest
from anthropic.types.tool_choice_param import ToolChoiceParam
from anthropic.types.tool_param import ToolParam

from penstock.core.chat import CacheMarker, Tool, ToolChoice, VendorTool
from penstock.core.errors import InvalidRequest
from penstock.wire.anthropic_messages.caller_nodes import ToolNode
from penstock.wire.anthropic_messages.caller_tools import MODES, lift_choice, lift_tools
from tests.wire.anthropic_messages import lifting


def lifted(*tools: object) -> tuple[list[Tool | VendorTool], list[str]]:
    unread: list[str] = []
    return lift_tools(json.dumps(tools).encode(), unread), unread


def test_a_tool_keeps_its_schema_as_it_is_spelled() -> None:
    raw = b'[{"type":"custom","name":"f","description":"d","strict":true,"input_schema":{"b":1.0,"a":2},'
    raw += b'"cache_control":{"type":"ephemeral","ttl":"1h"}}]'
    (tool,) = lift_tools(raw, [])
    assert isinstance(tool, Tool)
    assert (tool.name, tool.description, tool.strict, tool.cache) == ("f", "d", True, CacheMarker("1h"))
    assert bytes(tool.schema) == b'{"b":1.0,"a":2}'
    assert tool.at == "tools[0]"


def test_a_tool_of_the_vendor_travels_as_it_is() -> None:
    raw = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
    (tool,), unread = lifted(raw)
    assert isinstance(tool, VendorTool)
    assert (tool.vendor, tool.kind, json.loads(bytes(tool.raw)), unread) == (
        "anthropic_messages",
        "web_search_20250305",
        raw,
        [],
    )


def test_every_documented_member_of_a_tool_is_known() -> None:
    assert set(get_type_hints(ToolParam)) == set(ToolNode.__struct_fields__)


def test_what_a_tool_asks_for_and_no_other_format_has_is_noted() -> None:
    asks = {"allowed_callers": ["code_execution_20260120"], "defer_loading": True, "input_examples": [{}]}
    nothing = {
        "allowed_callers": ["direct"],
        "defer_loading": False,
        "input_examples": [],
        "eager_input_streaming": None,
    }
    _, unread = lifted(
        {"name": "f", "input_schema": {}, **asks, "strange": 1}, {"name": "g", "input_schema": {}, **nothing}
    )
    assert sorted(unread) == [
        "tools[0].allowed_callers",
        "tools[0].defer_loading",
        "tools[0].input_examples",
        "tools[0].strange",
    ]


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        (b"7", "tools"),
        (b"[7]", "tools[0]"),
        (b'[{"input_schema":{}}]', "tools[0].name"),
        (b'[{"name":"f"}]', "tools[0].input_schema"),
        (b'[{"name":"f","input_schema":"object"}]', "tools[0].input_schema"),
        (b'[{"name":"f","input_schema":{},"strict":"yes"}]', "tools[0].strict"),
        (b'[{"type":7}]', "tools[0].type"),
    ],
)
def test_what_is_no_tool_is_refused_with_its_path(tools: bytes, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        lift_tools(tools, [])
    assert caught.value.param == param


def test_every_choice_of_the_sdk_is_known() -> None:
    documented = {get_args(get_type_hints(choice)["type"])[0] for choice in get_args(ToolChoiceParam)}
    assert documented == set(MODES)


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        ({"type": "auto"}, ToolChoice("auto"), None),
        ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice("auto"), False),
        ({"type": "any", "disable_parallel_tool_use": False}, ToolChoice("required"), True),
        ({"type": "none"}, ToolChoice("none"), None),
        ({"type": "tool", "name": "f"}, ToolChoice("named", ("f",)), None),
    ],
)
def test_a_choice_has_its_mode(choice: object, expected: ToolChoice, parallel: bool | None) -> None:
    assert lift_choice(json.dumps(choice).encode(), []) == (expected, parallel)


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        (b'"auto"', "tool_choice"),
        (b'{"type":"required"}', "tool_choice.type"),
        (b'{"type":"tool"}', "tool_choice.name"),
        (b"{}", "tool_choice.type"),
    ],
)
def test_what_is_no_choice_is_refused_with_its_path(choice: bytes, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        lift_choice(choice, [])
    assert caught.value.param == param


def test_the_choice_of_a_tool_that_is_not_offered_is_refused() -> None:
    offered = [{"name": "f", "input_schema": {"type": "object"}}]
    assert lifting.refused(tools=offered, tool_choice={"type": "tool", "name": "g"})[0] == "tool_choice.name"
    assert lifting.lifted(tools=offered, tool_choice={"type": "tool", "name": "f"}).tool_choice == ToolChoice(
        "named", ("f",)
    )


def test_a_tool_of_anthropics_own_may_have_the_chosen_name() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    chosen = {"type": "tool", "name": "web_search"}
    assert lifting.lifted(tools=[search], tool_choice=chosen).tool_choice == ToolChoice("named", ("web_search",))

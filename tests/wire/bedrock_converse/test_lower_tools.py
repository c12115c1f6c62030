"""Tools beyond the vectors: what callers of OpenAI's format cannot ask for, and what is wrong with them."""

from __future__ import annotations

import msgspec
import pytest

from penstock.core.chat import CacheMarker, Message, ResponseFormat, Tool, ToolChoice, ToolResult, VendorTool
from penstock.core.errors import InvalidRequest
from tests.wire.bedrock_converse.lowering import lower

TOOLS = [Tool("a"), Tool("b", "Does b.", msgspec.Raw(b'{ "title": "B" }')), Tool("c", " ")]


def test_a_schema_gets_the_type_that_the_api_wants_and_keeps_its_other_members() -> None:
    body, lost = lower(tools=TOOLS)
    assert [tool["toolSpec"] for tool in body["toolConfig"]["tools"]] == [
        {"name": "a", "inputSchema": {"json": {"type": "object", "properties": {}}}},
        {"name": "b", "description": "Does b.", "inputSchema": {"json": {"type": "object", "title": "B"}}},
        {"name": "c", "inputSchema": {"json": {"type": "object", "properties": {}}}},
    ]
    assert lost == []


def test_only_tools_that_may_be_called_are_offered() -> None:
    body, lost = lower(tools=TOOLS, tool_choice=ToolChoice("required", ("a", "c")))
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["a", "c"]
    assert body["toolConfig"]["toolChoice"] == {"any": {}}
    assert lost == [("$.tool_choice", "approximated")]


@pytest.mark.parametrize("choice", [ToolChoice("none"), ToolChoice("required", ("a", "c"))])
def test_the_marker_of_a_tool_that_is_not_offered_is_told(choice: ToolChoice) -> None:
    tools = [*TOOLS[:1], Tool("b", cache=CacheMarker(), at="tools[1]"), *TOOLS[2:]]
    body, lost = lower(tools=tools, tool_choice=choice)
    assert "cachePoint" not in str(body)
    assert ("$.tools[1].cache_control", "dropped") in lost


def test_a_choice_without_tools_is_lost() -> None:
    tools = [VendorTool("anthropic_messages", "web_search_20250305", msgspec.Raw(b"{}"), "tools[0]")]
    body, lost = lower(tools=tools, tool_choice=ToolChoice("required"))
    assert "toolConfig" not in body
    assert lost == [("$.tools[0]", "dropped"), ("$.tool_choice", "dropped")]


def test_a_form_beside_a_tool_that_must_be_called_is_lost() -> None:
    body, lost = lower(
        tools=TOOLS, tool_choice=ToolChoice("named", ("a",)), response_format=ResponseFormat("json_object")
    )
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "a"}}
    assert lost == [("$.response_format", "dropped")]


def test_a_result_alone_still_needs_a_tool() -> None:
    body, lost = lower(Message("user", [ToolResult("c1", ())]))
    assert body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "tool"
    assert ("$.tools", "approximated") in lost


@pytest.mark.parametrize("schema", [b"[]", b"1", b'{"type":"array"}', b'{"a":'])
def test_a_schema_that_is_none_of_an_object_is_refused(schema: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        lower(tools=[Tool("a", schema=msgspec.Raw(schema), at="tools[0]")])
    assert (refused.value.code, refused.value.param) == ("invalid_schema", "tools[0]")

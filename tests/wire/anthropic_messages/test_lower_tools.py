from __future__ import annotations

import json
from typing import Literal

import msgspec
import pytest

from penstock.core.chat import CacheMarker, ChatRequest, ResponseFormat, Tool, ToolChoice, VendorTool
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.anthropic_messages.lower_tools import Tooling, write_tools
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from penstock.wire.anthropic_messages.writing import Writing

NATIVE = ModelFacts(json_schema=True)
F = Tool("f", at="tools[0]")
G = Tool("g", at="tools[1]")
SCHEMA = msgspec.Raw(b'{"type":"object","properties":{},"additionalProperties":false}')
FORM = ResponseFormat("json_schema", SCHEMA)


def write(
    tools: list[Tool | VendorTool] | None = None,
    *,
    choice: ToolChoice | None = None,
    parallel: bool | None = None,
    form: ResponseFormat | None = None,
    facts: ModelFacts = UNKNOWN_MODEL,
    thinking: bool = False,
) -> tuple[Tooling, list[str]]:
    request = ChatRequest(
        vendor="test",
        paths={},
        messages=[],
        tools=tools or [],
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=form,
    )
    writing = Writing(request, Losses(request))
    tooling = write_tools(request, facts, writing, thinking=thinking)
    return tooling, [f"{loss.kind} {loss.path}" for loss in writing.losses.found]


def names(tooling: Tooling) -> list[object]:
    return [json.loads(msgspec.json.encode(tool)).get("name") for tool in tooling.tools]


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (b"", '{"type":"object"}'),
        (b"null", '{"type":"object"}'),
        (b"{}", '{"type":"object"}'),
        (b'{ "$ref": "#/x" }', '{"type":"object","$ref": "#/x" }'),
        (b'{"a":1.0,"type":"object"}', '{"a":1.0,"type":"object"}'),
    ],
)
def test_a_schema_is_that_of_an_object(schema: bytes, written: str) -> None:
    tooling, losses = write([Tool("f", schema=msgspec.Raw(schema))])
    assert msgspec.json.encode(tooling.tools[0]).decode() == f'{{"name":"f","input_schema":{written}}}'
    assert losses == []


@pytest.mark.parametrize("schema", [b"[]", b'{"type":"array"}', b'{"type":["object","null"]}', b"{"])
def test_a_schema_of_something_else_is_refused(schema: bytes) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        write([Tool("f", schema=msgspec.Raw(schema), at="tools[0]")])
    assert (refusal.value.code, refusal.value.param) == ("invalid_schema", "tools[0]")


def test_members_of_a_tool_are_written() -> None:
    tool = Tool("f", "Does f.", SCHEMA, strict=True, cache=CacheMarker("1h"))
    assert write([tool], facts=NATIVE)[0].tools == [
        {
            "name": "f",
            "description": "Does f.",
            "strict": True,
            "input_schema": SCHEMA,
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        }
    ]


def test_a_model_that_does_not_enforce_schemas_is_not_told_to() -> None:
    tooling, losses = write([Tool("f", strict=True, at="tools[0]"), Tool("g", strict=False)])
    assert losses == ["dropped $.tools[0].strict"]
    assert all("strict" not in tool for tool in tooling.tools if isinstance(tool, dict))


def test_a_strict_schema_is_adapted() -> None:
    schema = msgspec.Raw(b'{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}')
    assert write([Tool("f", schema=schema, strict=True, at="tools[0]")], facts=NATIVE)[1] == ["approximated $.tools[0]"]


def test_tools_that_a_vendor_runs_go_to_that_vendor_only() -> None:
    own = VendorTool(FORMAT, "web_search_20250305", msgspec.Raw(b'{"type":"web_search_20250305","name":"web_search"}'))
    other = VendorTool("gemini_generate", "googleSearch", msgspec.Raw(b"{}"), at="tools[1]")
    tooling, losses = write([own, other])
    assert tooling.tools == [own.raw]
    assert losses == ["dropped $.tools[1]"]


CHOICES: list[tuple[ToolChoice | None, bool | None, dict[str, object] | None]] = [
    (None, None, None),
    (None, True, None),
    (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
    (ToolChoice("auto"), None, {"type": "auto"}),
    (ToolChoice("none"), None, {"type": "none"}),
    (ToolChoice("none"), False, {"type": "none"}),
    (ToolChoice("required"), None, {"type": "any"}),
    (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
    (ToolChoice("named", ("f",)), None, {"type": "tool", "name": "f"}),
    (ToolChoice("named", ("f",)), False, {"type": "tool", "name": "f", "disable_parallel_tool_use": True}),
]


@pytest.mark.parametrize(("choice", "parallel", "written"), CHOICES)
def test_the_choice_of_tools(
    choice: ToolChoice | None, parallel: bool | None, written: dict[str, object] | None
) -> None:
    tooling, losses = write([F, G], choice=choice, parallel=parallel)
    assert tooling.choice == written
    assert losses == []


@pytest.mark.parametrize("mode", ["required", "named"])
def test_no_tool_is_forced_while_the_model_thinks(mode: Literal["required", "named"]) -> None:
    choice = ToolChoice(mode, ("f",) if mode == "named" else ())
    tooling, losses = write([F], choice=choice, thinking=True)
    assert (tooling.choice, losses) == ({"type": "auto"}, ["approximated $.tool_choice"])
    able = ModelFacts(forced_tools_while_thinking=True)
    assert write([F], choice=choice, thinking=True, facts=able)[1] == []


def test_tools_that_may_not_be_called_are_not_offered() -> None:
    tooling, losses = write([F, G], choice=ToolChoice("required", ("g",)))
    assert (names(tooling), tooling.choice) == (["g"], {"type": "tool", "name": "g"})
    assert losses == ["approximated $.tool_choice"]


def test_a_choice_without_tools_is_none() -> None:
    assert write(choice=ToolChoice("required")) == (Tooling([]), ["dropped $.tool_choice"])
    assert write(choice=ToolChoice("auto"), parallel=False) == (Tooling([]), [])


# --- the form of the answer


def test_a_form_is_asked_for_natively_where_the_model_takes_it() -> None:
    tooling, losses = write([F], form=FORM, facts=NATIVE, thinking=True)
    assert tooling.output_format == {"type": "json_schema", "schema": SCHEMA}
    assert (tooling.choice, tooling.json_tool, losses) == (None, None, [])


def test_text_is_no_form() -> None:
    assert write(form=ResponseFormat("text")) == (Tooling([]), [])


def test_otherwise_a_tool_must_be_called() -> None:
    tooling, losses = write(form=FORM)
    assert (names(tooling), tooling.json_tool) == (["json_answer"], "json_answer")
    assert tooling.choice == {"type": "tool", "name": "json_answer", "disable_parallel_tool_use": True}
    assert losses == ["approximated $.response_format"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"type": "any"}),
        (ToolChoice("auto"), {"type": "any"}),
        (ToolChoice("none"), {"type": "tool", "name": "json_answer", "disable_parallel_tool_use": True}),
    ],
)
def test_beside_the_callers_tools_one_of_all_must_be_called(choice: ToolChoice | None, expected: object) -> None:
    assert write([F], form=FORM, choice=choice)[0].choice == expected


def test_an_answer_that_must_be_a_call_has_no_form() -> None:
    tooling, losses = write([F], form=FORM, choice=ToolChoice("required"))
    assert (names(tooling), tooling.choice, tooling.json_tool) == (["f"], {"type": "any"}, None)
    assert losses == ["dropped $.response_format"]


def test_a_json_object_of_any_kind_is_asked_for_by_a_tool() -> None:
    tooling, losses = write(form=ResponseFormat("json_object"), facts=NATIVE, thinking=True)
    assert isinstance(tooling.tools[0], dict)
    assert tooling.tools[0]["input_schema"] == msgspec.Raw(b'{"type":"object"}')
    assert tooling.choice == {"type": "auto", "disable_parallel_tool_use": True}
    assert losses == ["approximated $.response_format"]


def test_the_marker_of_a_tool_that_is_not_offered_is_told() -> None:
    marked = Tool("g", cache=CacheMarker(), at="tools[1]")
    tooling, losses = write([F, marked], choice=ToolChoice("required", ("f",)))
    assert names(tooling) == ["f"]
    assert losses == ["approximated $.tool_choice", "dropped $.tools[1].cache_control"]

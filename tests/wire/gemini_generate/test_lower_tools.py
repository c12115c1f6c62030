from __future__ import annotations

from typing import Any

import msgspec
import pytest

from penstock.core.chat import ChatRequest, Tool, ToolChoice, VendorTool
from penstock.core.chat_format import Losses
from penstock.core.model_facts import UNKNOWN_MODEL
from penstock.wire.gemini_generate.lower_tools import lower_tool_choice, lower_tools


def lower(*tools: Tool | VendorTool, choice: ToolChoice | None = None) -> tuple[Any, Any, list[tuple[str, str]]]:
    request = ChatRequest("openai_chat", {}, [], tools=list(tools), tool_choice=choice)
    losses = Losses(request)
    lowered = lower_tools(request, UNKNOWN_MODEL, losses), lower_tool_choice(request, losses)
    found = msgspec.json.decode(msgspec.json.encode(lowered))
    return found[0], found[1], [(loss.path, loss.kind) for loss in losses.found]


def hosted(kind: str, raw: bytes, vendor: str = "openai_chat") -> VendorTool:
    return VendorTool(vendor, kind, msgspec.Raw(raw), "t")


def test_a_tool_of_geminis_own_goes_as_it_is() -> None:
    tool = hosted("googleSearch", b'{"googleSearch":{"anything":1}}', "gemini_generate")
    assert lower(tool) == ([{"googleSearch": {"anything": 1}}], None, [])


@pytest.mark.parametrize(
    ("kind", "raw", "lowered"),
    [
        ("google_search", b'{"type":"google_search"}', {"googleSearch": {}}),
        ("enterprise_search", b'{"type":"enterprise_search"}', {"enterpriseWebSearch": {}}),
        ("code_execution", b'{"code_execution":true}', {"codeExecution": {}}),
        (
            "google_search",
            b'{"google_search":{"time_range_filter":{"start_time":"a","end_time":null},"excludeDomains":["x"]}}',
            {"googleSearch": {"timeRangeFilter": {"startTime": "a"}, "excludeDomains": ["x"]}},
        ),
    ],
)
def test_a_tool_that_google_runs_has_its_own_name_and_options(kind: str, raw: bytes, lowered: Any) -> None:
    assert lower(hosted(kind, raw)) == ([lowered], None, [])


def test_a_tool_that_google_does_not_have_is_told() -> None:
    assert lower(hosted("file_search", b"{}")) == ([], None, [("$.t", "dropped")])


def test_a_choice_without_functions_is_told_unless_it_asks_for_nothing() -> None:
    assert lower(choice=ToolChoice("required")) == ([], None, [("$.tool_choice", "dropped")])
    assert lower(choice=ToolChoice("auto")) == ([], None, [])


def test_a_schema_that_does_not_say_object_is_one_of_an_object() -> None:
    tools, _, _ = lower(Tool("f", schema=msgspec.Raw(b'{"properties":{"a":{}}}')))
    assert tools[0]["functionDeclarations"] == [
        {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {}}}}
    ]

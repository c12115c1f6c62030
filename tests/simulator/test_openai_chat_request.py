from __future__ import annotations

import pytest

from penstock.simulator.conversation import JsonOutput
from penstock.simulator.openai_chat_request import ChatRequest, StreamOptions, read_chat_request
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.request_fields import Fields

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def tool(name: str = "weather", **more: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "parameters": SCHEMA, **more}}


TOOLS = [tool(), tool("time")]


def read(**members: object) -> ChatRequest:
    messages = [{"role": "user", "content": "JSON please"}]
    return read_chat_request(Fields({"model": "m", "messages": messages, **members}), "OpenAI", 5)


def refused(**members: object) -> tuple[str | None, str | None]:
    """Return code and place of the refusal."""
    with pytest.raises(VendorError) as found:
        read(**members)
    assert found.value.status == 400
    return found.value.code, found.value.param


def test_a_plain_request_asks_for_one_whole_answer() -> None:
    request = read()
    assert (request.ask.vendor, request.ask.model, request.ask.answers) == ("OpenAI", "m", 1)
    assert (request.stream, request.top_logprobs, request.ask.json_output) == (None, None, None)


def test_the_caller_s_seed_and_the_simulator_s_both_count() -> None:
    seeds = {read(seed=1).ask.seed, read(seed=2).ask.seed, read().ask.seed}
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("members", "stream"),
    [
        ({}, None),
        ({"stream": False}, None),
        ({"stream": True}, StreamOptions()),
        ({"stream": True, "stream_options": {"include_usage": True}}, StreamOptions("own_event")),
        (
            {"stream": True, "stream_options": {"include_obfuscation": False}},
            StreamOptions("nowhere", include_obfuscation=False),
        ),
    ],
)
def test_how_to_stream(members: dict[str, object], stream: StreamOptions | None) -> None:
    assert read(**members).stream == stream


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_of_tokens_has_two_names_and_only_one_at_a_time(name: str) -> None:
    assert read(**{name: 7}).ask.max_tokens == 7
    assert refused(max_tokens=7, max_completion_tokens=7)[1] == "max_tokens"


@pytest.mark.parametrize(
    ("members", "top"), [({}, None), ({"logprobs": True}, 0), ({"logprobs": True, "top_logprobs": 3}, 3)]
)
def test_probabilities(members: dict[str, object], top: int | None) -> None:
    assert read(**members).top_logprobs == top


@pytest.mark.parametrize(
    ("choice", "mode", "names"),
    [
        (None, "auto", ["weather", "time"]),
        ("none", "none", ["weather", "time"]),
        ("required", "required", ["weather", "time"]),
        ({"type": "function", "function": {"name": "time"}}, "required", ["time"]),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "time"}}]},
            },
            "auto",
            ["time"],
        ),
    ],
)
def test_which_tools_may_be_called(choice: object, mode: str, names: list[str]) -> None:
    ask = read(tools=TOOLS, tool_choice=choice).ask
    assert (ask.tool_mode, [one.name for one in ask.callable_tools]) == (mode, names)


def test_a_tool_without_parameters_takes_none() -> None:
    (found,) = read(tools=[{"type": "function", "function": {"name": "now"}}]).ask.tools
    assert found.parameters == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("wanted", "output"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, JsonOutput()),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}, JsonOutput("a", SCHEMA)),
    ],
)
def test_which_json_is_asked_for(wanted: object, output: JsonOutput | None) -> None:
    assert read(response_format=wanted).ask.json_output == output


def test_json_objects_are_only_written_for_those_who_speak_of_json() -> None:
    messages = [{"role": "user", "content": "Hello"}]
    assert refused(messages=messages, response_format={"type": "json_object"}) == (None, "messages")


FUNCTION = "tools[0].function"
NAMED = {"type": "function", "function": {"name": "other"}}
OPEN = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"model": None}, "missing_required_parameter", "model"),
        ({"model": ""}, "missing_required_parameter", "model"),
        ({"model": 1}, "invalid_type", "model"),
        ({"temperature": 2.1}, "decimal_above_max_value", "temperature"),
        ({"top_p": -0.1}, "decimal_below_min_value", "top_p"),
        ({"presence_penalty": "1"}, "invalid_type", "presence_penalty"),
        ({"n": 0}, "integer_below_min_value", "n"),
        ({"n": 129}, "integer_above_max_value", "n"),
        ({"max_tokens": 0}, "integer_below_min_value", "max_tokens"),
        ({"stream": "yes"}, "invalid_type", "stream"),
        ({"stream_options": {"include_usage": True}}, None, "stream_options"),
        ({"top_logprobs": 2}, None, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "integer_above_max_value", "top_logprobs"),
        ({"functions": [{}]}, "unsupported_parameter", "functions"),
        ({"audio": {"voice": "alloy"}}, "unsupported_parameter", "audio"),
        ({"tool_choice": "auto"}, None, "tool_choice"),
        ({"parallel_tool_calls": True}, None, "parallel_tool_calls"),
        ({"tools": [tool()] * 129}, "array_above_max_length", "tools"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "unsupported_value", "tools[0].type"),
        ({"tools": [{"type": "x"}]}, "invalid_value", "tools[0].type"),
        ({"tools": [tool("two words")]}, "invalid_value", f"{FUNCTION}.name"),
        ({"tools": [tool(parameters={"type": "array"})]}, "invalid_function_parameters", f"{FUNCTION}.parameters"),
        ({"tools": [tool(parameters=OPEN, strict=True)]}, "invalid_function_parameters", f"{FUNCTION}.parameters"),
        ({"tools": TOOLS, "tool_choice": "sometimes"}, "invalid_value", "tool_choice"),
        ({"tools": TOOLS, "tool_choice": NAMED}, None, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "invalid_value", "response_format.type"),
        (
            {"response_format": {"type": "json_schema"}},
            "missing_required_parameter",
            "response_format.json_schema",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": OPEN, "strict": True}}},
            None,
            "response_format",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": SCHEMA}}},
            "invalid_value",
            "response_format.json_schema.name",
        ),
    ],
)
def test_what_the_vendor_refuses_is_refused_with_its_code_and_place(
    members: dict[str, object], code: str | None, place: str
) -> None:
    assert refused(**members) == (code, place)


def test_members_that_nobody_knows_are_let_through() -> None:
    assert read(some_vendor_s_own={"a": 1}).ask == read().ask

"""A chat completion request of OpenAI's format, read into an :class:`Ask`.

Refused are the obvious cases that OpenAI refuses, with its codes: wrong types, values out of bounds, members that
exclude each other, tools and schemas that do not hold together. Members that are not known are ignored, since vendors
add their own. What a simulator cannot do (audio out, custom tools, the functions of before tools) is refused by name.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

import msgspec

from penstock.simulator.conversation import Ask, JsonOutput, Message, Tool, ToolMode
from penstock.simulator.openai_errors import invalid
from penstock.simulator.openai_messages import read_messages, read_stop
from penstock.simulator.openai_strict_schema import strict_problem
from penstock.simulator.request_fields import Fields

MAX_ANSWERS = 128
MAX_STOPS = 4
MAX_TOOLS = 128
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NOT_SIMULATED = ("functions", "function_call", "audio", "web_search_options")


UsagePlace = Literal["nowhere", "own_event", "last_choice"]
"""Where a stream has its counts: in an event of their own, or in the last event with a choice."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a streamed answer is to be sent."""

    usage: UsagePlace = "nowhere"
    include_obfuscation: bool = True


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A whole request: what is asked, and how the answer is to be written."""

    ask: Ask
    stream: StreamOptions | None
    """None: the answer is one JSON object."""
    top_logprobs: int | None
    """How many alternatives are wanted with each token's probability; None: no probabilities."""


def read_model(body: Fields) -> str:
    """Return the model that a request names."""
    model = body.text("model")
    if not model:
        message = "You must provide a model parameter."
        raise invalid(message, param="model", code="missing_required_parameter")
    return model


def read_chat_request(body: Fields, vendor: str, instance_seed: int) -> ChatRequest:
    """Read a request body.

    Raises:
        VendorError: OpenAI would refuse it, or the simulator cannot do it.
    """
    for name in _NOT_SIMULATED:
        if body.has(name):
            message = f"Unsupported parameter: '{name}' is not simulated."
            raise invalid(message, param=name, code="unsupported_parameter")
    model = read_model(body)
    messages = read_messages(body)
    read_sampling(body)
    tools = tuple(_read_tool(fields) for fields in body.objects("tools", most=MAX_TOOLS))
    tool_mode, callable_tools = _read_tool_choice(body, tools)
    if body.has("parallel_tool_calls") and not tools:
        _refuse_without("parallel_tool_calls", "tools")
    seed = body.integer("seed")
    ask = Ask(
        vendor=vendor,
        model=model,
        messages=messages,
        tools=tools,
        tool_mode=tool_mode,
        callable_tools=callable_tools,
        parallel_calls=body.flag("parallel_tool_calls", default=True),
        json_output=_read_response_format(body, messages),
        answers=body.integer("n", 1, MAX_ANSWERS) or 1,
        stop=read_stop(body, most=MAX_STOPS),
        max_tokens=_read_max_tokens(body),
        seed=(instance_seed, seed),
    )
    return ChatRequest(ask, read_stream_options(body), _read_logprobs(body))


def read_sampling(body: Fields) -> None:
    """Check the members that steer a real model's choice, and that change nothing here."""
    body.decimal("temperature", 0, 2)
    body.decimal("top_p", 0, 1)
    body.decimal("presence_penalty", -2, 2)
    body.decimal("frequency_penalty", -2, 2)
    body.fields("logit_bias")
    body.text("user")


def read_stream_options(body: Fields) -> StreamOptions | None:
    """Return how to stream, or None when no stream is asked for."""
    options = body.fields("stream_options")
    if not body.flag("stream"):
        if options is not None:
            _refuse_without("stream_options", "stream")
        return None
    if options is None:
        return StreamOptions()
    usage: UsagePlace = "own_event" if options.flag("include_usage") else "nowhere"
    return StreamOptions(usage, options.flag("include_obfuscation", default=True))


def _refuse_without(name: str, other: str) -> NoReturn:
    message = f"The '{name}' parameter is only allowed when '{other}' is given."
    raise invalid(message, param=name, code=None)


def _read_max_tokens(body: Fields) -> int | None:
    old, new = body.integer("max_tokens", 1), body.integer("max_completion_tokens", 1)
    if old is not None and new is not None:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise invalid(message, param="max_tokens", code="invalid_parameter_combination")
    return old if new is None else new


def _read_logprobs(body: Fields) -> int | None:
    wanted, top = body.flag("logprobs"), body.integer("top_logprobs", 0, 20)
    if top is not None and not wanted:
        _refuse_without("top_logprobs", "logprobs")
    return (top or 0) if wanted else None


# --- tools


def _read_tool(fields: Fields) -> Tool:
    kind = fields.needed_text("type")
    if kind == "custom":
        message = "Tools of type 'custom' are not simulated; offer functions."
        raise invalid(message, param=fields.at("type"), code="unsupported_value")
    if kind != "function":
        fields.refuse_value("type", ("function", "custom"))
    function = fields.needed_fields("function")
    name = function.needed_text("name")
    if not _NAME.fullmatch(name):
        message = f"Invalid '{function.at('name')}': a name has up to 64 letters, digits, underscores and dashes."
        raise invalid(message, param=function.at("name"), code="invalid_value")
    parameters = function.fields("parameters")
    schema: object = {"type": "object", "properties": {}} if parameters is None else parameters.members
    problem = strict_problem(schema) if function.flag("strict") else _root_problem(schema)
    if problem is not None:
        message = f"Invalid schema for function '{name}': {problem}"
        raise invalid(message, param=function.at("parameters"), code="invalid_function_parameters")
    text = msgspec.json.encode(fields.members).decode()
    return Tool(name, function.text("description") or "", schema, function.at("parameters"), text)


def _root_problem(schema: object) -> str | None:
    if isinstance(schema, dict) and schema and schema.get("type", "object") != "object":
        return "the schema must be a JSON Schema of 'type: \"object\"'."
    return None


def _read_tool_choice(body: Fields, tools: tuple[Tool, ...]) -> tuple[ToolMode, tuple[Tool, ...]]:
    """Return whether tools must, may or must not be called, and which of them."""
    value = body.members.get("tool_choice")
    if value is None:
        return "auto", tools
    if not tools:
        _refuse_without("tool_choice", "tools")
    if isinstance(value, str):
        mode = body.choice("tool_choice", ("none", "auto", "required"))
        return _mode(mode), tools
    choice = body.needed_fields("tool_choice")
    if choice.needed_choice("type", ("function", "allowed_tools")) == "function":
        return "required", (_named(choice.needed_fields("function"), tools),)
    allowed = choice.needed_fields("allowed_tools")
    mode = allowed.needed_choice("mode", ("auto", "required"))
    return _mode(mode), tuple(_named(item.needed_fields("function"), tools) for item in allowed.objects("tools"))


def _mode(word: str | None) -> ToolMode:
    return "none" if word == "none" else "required" if word == "required" else "auto"


def _named(fields: Fields, tools: tuple[Tool, ...]) -> Tool:
    name = fields.needed_text("name")
    for tool in tools:
        if tool.name == name:
            return tool
    message = f"Invalid value for 'tool_choice': the function '{name[:64]}' is not among 'tools'."
    raise invalid(message, param="tool_choice", code=None)


# --- JSON


def _read_response_format(body: Fields, messages: tuple[Message, ...]) -> JsonOutput | None:
    wanted = body.fields("response_format")
    if wanted is None:
        return None
    kind = wanted.needed_choice("type", ("text", "json_object", "json_schema"))
    if kind == "json_object":
        if not any("json" in message.text.lower() for message in messages):
            message = (
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            )
            raise invalid(message, param="messages", code=None)
        return JsonOutput()
    return _read_json_schema(wanted.needed_fields("json_schema")) if kind == "json_schema" else None


def _read_json_schema(fields: Fields) -> JsonOutput:
    name = fields.needed_text("name")
    if not _NAME.fullmatch(name):
        message = f"Invalid '{fields.at('name')}': a name has up to 64 letters, digits, underscores and dashes."
        raise invalid(message, param=fields.at("name"), code="invalid_value")
    schema = fields.needed_fields("schema").members
    problem = strict_problem(schema) if fields.flag("strict") else None
    if problem is not None:
        message = f"Invalid schema for response_format '{name}': {problem}"
        raise invalid(message, param="response_format", code=None)
    return JsonOutput(name, schema)

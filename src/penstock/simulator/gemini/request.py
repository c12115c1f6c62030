"""A whole ``generateContent`` request, read into an :class:`Ask`; members that are not known are refused.

https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/thinking,
https://ai.google.dev/gemini-api/docs/function-calling and .../docs/structured-output (read 2026-11-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from penstock.simulator.conversation import Ask, JsonOutput, Message, Tool, ToolMode
from penstock.simulator.gemini.contents import read_contents, read_part
from penstock.simulator.gemini.proto import json_schema, message
from penstock.simulator.native import NativeQuestion, refuse
from penstock.simulator.prompt_cache import Prefix
from penstock.simulator.request_fields import Fields

MEMBERS = frozenset(
    (
        *("contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings"),
        *("cachedContent", "model", "labels", "serviceTier", "store"),
    )
)
CONFIG_MEMBERS = frozenset(
    (
        *("temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "responseMimeType"),
        *("responseSchema", "responseJsonSchema", "seed", "presencePenalty", "frequencyPenalty", "responseLogprobs"),
        *("logprobs", "thinkingConfig", "responseModalities", "mediaResolution", "speechConfig", "audioTimestamp"),
        "enableEnhancedCivicAnswers",
    )
)
FUNCTION_MEMBERS = frozenset(
    ("name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior")
)
LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
HARMS = (
    *("HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT"),
    *("HARM_CATEGORY_DANGEROUS_CONTENT", "HARM_CATEGORY_CIVIC_INTEGRITY"),
)
THRESHOLDS = ("BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF")
MAX_STOPS = 5
MAX_ANSWERS = 8
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_THINKS = re.compile(r"gemini-(?:2\.5|[3-9]|\d\d)")


@dataclass(frozen=True, slots=True)
class GeminiRequest:
    """A whole request."""

    ask: Ask
    shows_thoughts: bool


def read_request(question: NativeQuestion) -> GeminiRequest:
    """Read a request body.

    Raises:
        VendorError: Gemini would refuse it, or the simulator cannot do it.
    """
    body = message(question.body, MEMBERS)
    if body.has("cachedContent"):
        refuse("CachedContent not found (or permission denied).", "cachedContent")
    config = message(body.fields("generationConfig") or Fields({}, "generationConfig"), CONFIG_MEMBERS)
    thinks, shows = _read_thinking(config, question.model)
    _read_sampling(body, config)
    tools = tuple(_read_tools(body))
    mode, callable_tools = _read_tool_config(body, tools)
    output = _read_output(config)
    if output is not None and tools and re.search(r"gemini-[12]", question.model):
        refuse("Function calling with a response mime type: 'application/json' is unsupported")
    ask = Ask(
        vendor=question.service,
        model=question.model,
        messages=(*_read_system(body), *read_contents(body, question.model, Prefix())),
        tools=tools,
        tool_mode=mode,
        callable_tools=callable_tools,
        json_output=output,
        answers=config.integer("candidateCount", 1, MAX_ANSWERS) or 1,
        stop=_read_stops(config),
        max_tokens=config.integer("maxOutputTokens", 1),
        seed=(question.instance_seed, config.integer("seed")),
        thinks=thinks,
    )
    return GeminiRequest(ask, shows)


def _read_thinking(config: Fields, model: str) -> tuple[bool, bool]:
    """Return whether the model thinks, and whether it shows what it thought."""
    found = config.fields("thinkingConfig")
    thinks = _THINKS.search(model) is not None
    if found is None:
        return thinks, False
    thinking = message(found, frozenset({"includeThoughts", "thinkingBudget", "thinkingLevel"}))
    budget = thinking.integer("thinkingBudget", -1)
    level = thinking.text("thinkingLevel")
    if level is not None and level.upper() not in LEVELS:
        thinking.refuse_value("thinkingLevel", LEVELS)
    if budget is not None and level is not None:
        refuse("You can only set only one of thinking budget and thinking level.", thinking.path)
    shows = thinking.flag("includeThoughts")
    if not thinks and (budget or shows or level):
        refuse("Thinking is not enabled for this model", thinking.path)
    return thinks and budget != 0, shows


def _read_sampling(body: Fields, config: Fields) -> None:
    """Check the members that steer a real model's choice, and that change nothing here."""
    config.decimal("temperature", 0, 2)
    config.decimal("topP", 0, 1)
    config.decimal("presencePenalty", -2, 2)
    config.decimal("frequencyPenalty", -2, 2)
    if body.members.get("safetySettings"):
        for one in body.objects("safetySettings"):
            setting = message(one, frozenset({"category", "threshold", "method"}))
            setting.needed_choice("category", HARMS)
            setting.needed_choice("threshold", THRESHOLDS)


def _read_stops(config: Fields) -> tuple[str, ...]:
    if not config.members.get("stopSequences"):
        return ()
    found = config.array("stopSequences", most=MAX_STOPS) or []
    if not all(isinstance(one, str) and one for one in found):
        refuse("Invalid value at 'generation_config.stop_sequences' (TYPE_STRING)", config.at("stopSequences"))
    return msgspec.convert(found, tuple[str, ...])


def _read_system(body: Fields) -> tuple[Message, ...]:
    found = body.fields("systemInstruction")
    if found is None:
        return ()
    content = message(found, frozenset({"role", "parts"}))
    parts = [read_part(one) for one in content.objects("parts")]
    return (Message("system", "\n".join(part.text for part in parts)),)


def _read_tools(body: Fields) -> list[Tool]:
    if not body.members.get("tools"):
        return []
    known = frozenset({"functionDeclarations", "googleSearch", "codeExecution", "urlContext"})
    tools: list[Tool] = []
    for one in body.objects("tools"):
        tool = message(one, known)
        if not tool.has("functionDeclarations"):
            refuse(f"only functionDeclarations are simulated, not {', '.join(tool.members)}", tool.path)
        tools += (_read_function(fields) for fields in tool.objects("functionDeclarations"))
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            refuse(f"Duplicate function declaration found: {name}", "tools")
    return tools


def _read_function(fields: Fields) -> Tool:
    function = message(fields, FUNCTION_MEMBERS)
    name = function.needed_text("name")
    if not _NAME.fullmatch(name):
        refuse(
            f"Invalid function name '{name[:100]}'. Must start with a letter or an underscore. Must be alphanumeric, "
            "underscores, dots, colons or dashes, with a maximum length of 128.",
            function.at("name"),
        )
    schema: object = {"type": "object", "properties": {}}
    if function.has("parameters") and function.has("parametersJsonSchema"):
        refuse("parameters and parametersJsonSchema are mutually exclusive", function.path)
    if (parameters := function.fields("parameters")) is not None:
        schema = json_schema(parameters)
    elif (given := function.fields("parametersJsonSchema")) is not None:
        schema = given.members
    text = msgspec.json.encode(fields.members).decode()
    return Tool(name, function.text("description") or "", schema, function.at("parameters"), text)


def _read_tool_config(body: Fields, tools: tuple[Tool, ...]) -> tuple[ToolMode, tuple[Tool, ...]]:
    """Return whether functions must, may or must not be called, and which of them."""
    found = body.fields("toolConfig")
    config = message(found, frozenset({"functionCallingConfig", "retrievalConfig"})) if found is not None else None
    calling = config.fields("functionCallingConfig") if config is not None else None
    if calling is None:
        return "auto", tools
    calling = message(calling, frozenset({"mode", "allowedFunctionNames"}))
    mode = calling.choice("mode", ("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")) or "AUTO"
    if mode == "ANY" and not tools:
        refuse("Function calling config is set without function_declarations.", calling.path)
    names = calling.array("allowedFunctionNames") if calling.members.get("allowedFunctionNames") else None
    if names is not None and mode not in {"ANY", "VALIDATED"}:
        refuse("Allowed function names should be set only when function calling mode is ANY.", calling.path)
    if names is not None:
        unknown = [name for name in names if name not in {tool.name for tool in tools}]
        if unknown:
            refuse(f"allowed_function_names has a function that is not declared: {unknown[0]}", calling.path)
        tools = tuple(tool for tool in tools if tool.name in names)
    return "none" if mode == "NONE" else "required" if mode == "ANY" else "auto", tools


def _read_output(config: Fields) -> JsonOutput | None:
    mime_type = config.text("responseMimeType") or "text/plain"
    if mime_type not in {"text/plain", "application/json", "text/x.enum"}:
        refuse(
            "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, "
            "`application/json`, `application/xml`, `application/yaml` and `text/x.enum`.\n",
            config.at("responseMimeType"),
        )
    own, given = config.fields("responseSchema"), config.fields("responseJsonSchema")
    if own is not None and given is not None:
        refuse("response_schema and response_json_schema are mutually exclusive", config.path)
    if mime_type == "text/plain":
        if own is not None or given is not None:
            refuse("Response schema is only supported with mime type `application/json`.", config.path)
        return None
    schema: object = json_schema(own) if own is not None else given.members if given is not None else None
    return JsonOutput("answer", schema)

"""A neutral chat request as the body of ``generateContent`` or ``streamGenerateContent``.

The model's name and whether to stream stand in the path and not in the body. https://ai.google.dev/api/generate-content
and https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (read 2026-11-23). Order of
work: the conversation, the tools, how to generate; each has a module of its own beside this one.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest, ResponseFormat, Tool, ToolChoice
from penstock.core.chat_format import Losses, Lowered
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.lower_config import lower_config
from penstock.wire.gemini_generate.lower_contents import lower_contents
from penstock.wire.gemini_generate.lower_extras import lower_extras
from penstock.wire.gemini_generate.lower_tools import lower_tool_choice, lower_tools
from penstock.wire.gemini_generate.vocabulary import takes_levels
from penstock.wire.json_tool import DESCRIPTION, choose_tool_name

_encode = msgspec.json.Encoder().encode


def lower_request(request: ChatRequest, _model: str, facts: ModelFacts) -> Lowered:
    """Return the body for a model (whose name stands in the path), and what it does not carry.

    Raises:
        InvalidRequest: something in the request that no Gemini model could take; ``param`` names the caller's path.
    """
    losses = Losses(request)
    system, contents = lower_contents(request, facts, losses)
    json_tool = None
    if request.response_format is not None:
        request, json_tool = _with_json_tool(request, request.response_format, facts, losses)
    body: dict[str, object] = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    tools = lower_tools(request, facts, losses) if request.tools else None
    if tools:
        body["tools"] = tools
    tool_config = lower_tool_choice(request, losses)
    if tool_config is not None:
        body["toolConfig"] = tool_config
    config = lower_config(request, facts, losses)
    extras = lower_extras(request, config, facts, losses) if request.extras else None
    if config:
        body["generationConfig"] = config
    if extras:
        body |= extras
    return Lowered(_encode(body), tuple(losses.found), json_tool)


def _with_json_tool(
    request: ChatRequest, form: ResponseFormat, facts: ModelFacts, losses: Losses
) -> tuple[ChatRequest, str | None]:
    """Return the request without a form of its answer, and the tool that stands for it, where the model needs that.

    Models before Gemini 3 take a form of the answer or functions, not both; some take no schema at all.
    """
    functions = [tool for tool in request.tools if isinstance(tool, Tool)]
    if form.kind == "text" or (functions and takes_levels(facts)):
        return request, None
    if not functions and (form.kind == "json_object" or facts.json_schema or facts.full_json_schema):
        return request, None
    choice = request.tool_choice
    if choice is not None and choice.mode in {"required", "named"}:
        losses.field("response_format", "the answer is the call of a tool")
        return msgspec.structs.replace(request, response_format=None), None
    if form.kind == "json_object":
        losses.field("response_format", "this model takes functions or a form of its answer, not both")
        return msgspec.structs.replace(request, response_format=None), None
    name = choose_tool_name(tool.name for tool in functions)
    described = f"{form.description}\n\n{DESCRIPTION}" if form.description else DESCRIPTION
    only = not functions or (choice is not None and choice.mode == "none")
    losses.field("response_format", "asked for by a tool that the model must call", "approximated")
    tool = Tool(name=name, description=described, schema=form.schema, at=request.path("response_format"))
    return msgspec.structs.replace(
        request,
        response_format=None,
        tools=[*request.tools, tool],
        tool_choice=ToolChoice("required", (name,) if only else ()),
    ), name

"""What nobody here wrote says whether a chat body is one: the vendors' own SDK types and service models.

``check_request`` takes a body that goes to a provider, ``check_answer`` and ``check_stream`` what a caller gets. Extra
members are refused towards providers and allowed towards callers, whose SDKs allow them.
"""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable, Mapping
from functools import cache

import anthropic.types
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator
from cohere.v2.client import V2Client
from google.genai import types as genai
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import BaseModel, ConfigDict, TypeAdapter

from penstock.wire.framing.sse import EventSplitter, event_data

Json = Mapping[str, object]


def consume(value: object) -> None:
    """Walk through what pydantic validated: lazy iterators validate when walked, and models keep what they do not know.

    Raises:
        AssertionError: a model of an SDK has been given a member that it does not have.
    """
    if isinstance(value, BaseModel):
        assert not value.__pydantic_extra__, f"{type(value).__name__} does not know {list(value.__pydantic_extra__)}"
        for name in value.__pydantic_fields_set__:
            consume(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            consume(inner)
    elif hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        for inner in value:
            consume(inner)


# --- requests to providers


@cache
def _strict(kind: type) -> TypeAdapter[object]:
    return TypeAdapter[object](kind, config=ConfigDict(extra="forbid"))


OPENAI_REASONING = "reasoning_content"
"""Wanted back in messages of assistants by providers of this format (DeepSeek's); OpenAI's own types do not have it."""


def check_openai_request(body: Json) -> None:
    messages = body["messages"]
    assert isinstance(messages, list)
    known = [{name: value for name, value in message.items() if name != OPENAI_REASONING} for message in messages]
    assert all(isinstance(message.get(OPENAI_REASONING, ""), str) for message in messages)
    consume(_strict(CompletionCreateParams).validate_python({**body, "messages": known}))


ANTHROPIC_SAMPLING = {"temperature", "top_p", "top_k"}
"""Taken by models before Claude Opus 4.7; the SDK's types no longer have them."""


def check_anthropic_request(body: Json) -> None:
    assert all(isinstance(body.get(name, 0), int | float) for name in ANTHROPIC_SAMPLING)
    typed = {name: value for name, value in body.items() if name not in ANTHROPIC_SAMPLING}
    consume(_strict(anthropic.types.message_create_params.MessageCreateParams).validate_python(typed))


class GeminiRequest(genai._common.BaseModel):  # type: ignore[name-defined,misc]  # the SDK's own rules for its types
    """The REST body of ``generateContent``; the SDK has types for its members and none for the whole."""

    contents: list[genai.Content]
    system_instruction: genai.Content | None = None
    tools: list[genai.Tool] | None = None
    tool_config: genai.ToolConfig | None = None
    generation_config: genai.GenerationConfig | None = None
    safety_settings: list[genai.SafetySetting] | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None


def check_gemini_request(body: Json) -> None:
    GeminiRequest.model_validate_json(json.dumps(body))


def check_cohere_request(body: Json) -> None:
    parameters = inspect.signature(V2Client.chat).parameters
    assert body.keys() <= parameters.keys() | {"stream"}, f"not parameters: {body.keys() - parameters.keys()}"
    assert {"model", "messages"} <= body.keys()
    for name, value in body.items():
        if name != "stream":
            consume(TypeAdapter(parameters[name].annotation).validate_python(value))


@cache
def _bedrock_shape(operation: str) -> Shape:
    model = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    return shape


def check_bedrock_request(body: Json, operation: str = "Converse") -> None:
    shape = _bedrock_shape(operation)
    params = _with_blobs(body, shape)
    assert isinstance(params, dict)
    report = ParamValidator().validate({"modelId": "m", **params}, shape)
    assert not report.has_errors(), report.generate_report()


def _with_blobs(value: object, shape: Shape) -> object:
    """Return JSON as botocore's caller would give it: blobs are bytes, where JSON has base64 text."""
    if shape.type_name == "blob":
        assert isinstance(value, str)
        return base64.b64decode(value, validate=True)
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False) and isinstance(value, dict):
        members = shape.members
        return {name: _with_blobs(item, members[name]) if name in members else item for name, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_with_blobs(item, shape.member) for item in value]
    return value


REQUEST_ORACLES: Mapping[str, Callable[[Json], None]] = {
    "openai_chat": check_openai_request,
    "anthropic_messages": check_anthropic_request,
    "bedrock_converse": check_bedrock_request,
    "gemini_generate": check_gemini_request,
    "cohere_chat": check_cohere_request,
}


# --- answers to callers


def _data_of(stream: bytes) -> list[bytes]:
    splitter = EventSplitter()
    _, blocks = splitter.feed(stream)
    assert not splitter.held, "the stream ends inside an event"
    return [data for block in blocks if (data := event_data(block)) is not None]


def check_openai_stream(stream: bytes) -> None:
    """Parse each chunk, and have the SDK put the answer together from them."""
    state = ChatCompletionStreamState()
    events = _data_of(stream)
    for data in events:
        if data != b"[DONE]" and not data.startswith(b'{"error"'):
            chunk = ChatCompletionChunk.model_validate_json(data, strict=True)
            state.handle_chunk(chunk)
    if events and events[-1] == b"[DONE]":
        calls = state.current_completion_snapshot.choices[0].message.tool_calls or []
        for call in calls:
            assert isinstance(json.loads(call.function.arguments), dict)


def check_anthropic_stream(stream: bytes) -> None:
    event_types = TypeAdapter[object](anthropic.types.RawMessageStreamEvent)
    for data in _data_of(stream):
        if json.loads(data)["type"] not in {"ping", "error"}:
            event_types.validate_json(data)


def check_openai_answer(body: bytes) -> None:
    ChatCompletion.model_validate_json(body, strict=True)


def check_anthropic_answer(body: bytes) -> None:
    anthropic.types.Message.model_validate_json(body)


def check_openai_error(body: bytes) -> None:
    """The SDK makes its exceptions from these members."""
    error = json.loads(body)["error"]
    assert isinstance(error["message"], str)
    assert isinstance(error["type"], str)


def check_anthropic_error(body: bytes) -> None:
    anthropic.types.ErrorResponse.model_validate_json(body)


ANSWER_ORACLES: Mapping[str, Callable[[bytes], None]] = {
    "openai_chat": check_openai_answer,
    "anthropic_messages": check_anthropic_answer,
}
STREAM_ORACLES: Mapping[str, Callable[[bytes], None]] = {
    "openai_chat": check_openai_stream,
    "anthropic_messages": check_anthropic_stream,
}
ERROR_ORACLES: Mapping[str, Callable[[bytes], None]] = {
    "openai_chat": check_openai_error,
    "anthropic_messages": check_anthropic_error,
}

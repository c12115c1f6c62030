"""The request body of OpenAI chat, as msgspec reads it.

Beside what OpenAI documents: the extensions that clients of gateways use to say what other vendors can do
(``cache_control``, ``thinking``, ``thinking_blocks``, ``reasoning_content``, ``images``, ``extra_content``, ``top_k``).
Objects inside messages and tools are closed, so that a member nobody reads is noticed; the body itself is open, for its
further members travel as they are. What the members mean is the work of ``lift_request`` and ``lift_messages``.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23), with the parameter types of the Python SDK
3.54; ``extra_content``: https://ai.google.dev/gemini-api/docs/openai (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal, final

import msgspec

_MOST = 2**63 - 1
Integer = Annotated[int, msgspec.Meta(ge=-_MOST - 1, le=_MOST)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
ABSENT = msgspec.Raw(b"null")
"""JSON that only travels and is not there; msgspec knows no union with ``Raw``, so null is read as itself."""
NotNegative = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    """An object whose members are all known."""


class CacheControl(Closed):
    """Anthropic's cache marker."""

    type: Literal["ephemeral"] = "ephemeral"
    ttl: str | None = None


class Breakpoint(Closed):
    """OpenAI's own cache marker."""

    mode: str = "explicit"
    ttl: str | None = None


class Part(Closed):
    """What every part may carry."""

    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


class TextPart(Part, tag_field="type", tag="text", kw_only=True):
    """Text; ``annotations`` come back from clients that send an answer's parts again."""

    text: str
    annotations: msgspec.Raw = ABSENT


class ImageUrl(Closed):
    """Where a picture is: a URL or a data URI."""

    url: str
    detail: str | None = None


class ImagePart(Part, tag_field="type", tag="image_url", kw_only=True):
    """A picture."""

    image_url: ImageUrl


class InputAudio(Closed):
    """Sound as base64 text."""

    data: str
    format: str


class AudioPart(Part, tag_field="type", tag="input_audio", kw_only=True):
    """Sound."""

    input_audio: InputAudio


class FileContent(Closed):
    """A file: its data as a data URI or as base64 text, or the id of one that was uploaded."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(Part, tag_field="type", tag="file", kw_only=True):
    """A file."""

    file: FileContent


class RefusalPart(Part, tag_field="type", tag="refusal", kw_only=True):
    """The model declined."""

    refusal: str


class ThinkingPart(Part, tag_field="type", tag="thinking", kw_only=True):
    """Thinking as a part (an extension); ``text`` is a further name of ``thinking``."""

    thinking: str | None = None
    text: str | None = None
    signature: str | None = None


class RedactedThinkingPart(Part, tag_field="type", tag="redacted_thinking", kw_only=True):
    """Thinking that only its vendor can read, as a part (an extension)."""

    data: str


AnyPart = TextPart | ImagePart | AudioPart | FilePart | RefusalPart | ThinkingPart | RedactedThinkingPart
Content = str | list[AnyPart] | None


class AnswerImage(Closed, tag_field="type", tag="image_url", kw_only=True):
    """A member of ``images``: a picture that the model made; ``index`` comes from streams."""

    image_url: ImageUrl
    index: int | None = None


class ThinkingBlock(Closed, tag_field="type", tag="thinking"):
    """A member of ``thinking_blocks``; ``index`` comes from streams."""

    thinking: str = ""
    signature: str | None = None
    index: int | None = None


class RedactedThinkingBlock(Closed, tag_field="type", tag="redacted_thinking"):
    """A member of ``thinking_blocks``."""

    data: str
    index: int | None = None


class GoogleContent(Closed):
    """What Google adds to OpenAI's objects."""

    thought_signature: str | None = None
    thought: bool | None = None


class ExtraContent(Closed):
    """What vendors add to OpenAI's objects."""

    google: GoogleContent | None = None


class FunctionCall(Closed):
    """The name of a function and the text of its arguments."""

    name: str
    arguments: str = ""


class CalledTool(Closed):
    """A call of a tool; ``index`` comes from streams."""

    id: str
    type: str = "function"
    function: FunctionCall | None = None
    custom: msgspec.Raw = ABSENT
    extra_content: ExtraContent | None = None
    cache_control: CacheControl | None = None
    index: int | None = None


class Turn(Closed):
    """What every message may carry."""

    name: str | None = None
    cache_control: CacheControl | None = None


@final
class SystemTurn(Turn, tag_field="role", tag="system", kw_only=True):
    """Instructions."""

    content: str | list[AnyPart]


@final
class DeveloperTurn(Turn, tag_field="role", tag="developer", kw_only=True):
    """Instructions, by their newer name."""

    content: str | list[AnyPart]


@final
class UserTurn(Turn, tag_field="role", tag="user", kw_only=True):
    """The user speaks."""

    content: str | list[AnyPart]


@final
class AssistantTurn(Turn, tag_field="role", tag="assistant", kw_only=True):
    """The model spoke. Members of answers that mean nothing in a request are read and left."""

    content: Content = None
    refusal: str | None = None
    tool_calls: list[CalledTool] | None = None
    function_call: FunctionCall | None = None
    audio: msgspec.Raw = ABSENT
    annotations: msgspec.Raw = ABSENT
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[ThinkingBlock | RedactedThinkingBlock] | None = None
    images: list[AnswerImage] | None = None
    extra_content: ExtraContent | None = None


@final
class ToolTurn(Turn, tag_field="role", tag="tool", kw_only=True):
    """The result of a call; ``is_error`` is an extension, for OpenAI has no place to say so."""

    tool_call_id: str
    content: Content = None
    is_error: bool | None = None


@final
class FunctionTurn(Turn, tag_field="role", tag="function", kw_only=True):
    """The result of a function call (deprecated form); it names the function, not the call."""

    content: str | None = None


AnyTurn = SystemTurn | DeveloperTurn | UserTurn | AssistantTurn | ToolTurn | FunctionTurn


class FunctionDefinition(Closed):
    """A function of the caller."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = ABSENT
    strict: bool | None = None
    cache_control: CacheControl | None = None


class FunctionTool(Closed, tag_field="type", tag="function"):
    """A function among the tools."""

    function: FunctionDefinition
    cache_control: CacheControl | None = None


class ToolKind(msgspec.Struct):
    """The type of any tool."""

    type: str


class Named(msgspec.Struct):
    """An object with a name."""

    name: str


class AllowedTool(msgspec.Struct):
    """One of the allowed tools."""

    type: str = "function"
    function: Named | None = None
    custom: Named | None = None
    name: str | None = None


class AllowedTools(Closed):
    """The tools that may be called."""

    mode: Literal["auto", "required"]
    tools: list[AllowedTool]


class ChosenTool(Closed):
    """``tool_choice`` as an object."""

    type: Literal["function", "custom", "allowed_tools"] = "function"
    function: Named | None = None
    custom: Named | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(Closed):
    """The schema of an answer."""

    name: str | None = None
    description: str | None = None
    schema: msgspec.Raw = ABSENT
    strict: bool | None = None


class AnswerFormat(Closed):
    """``response_format``."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ThinkingOption(Closed):
    """``thinking``, as Anthropic writes it (an extension)."""

    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: NotNegative | None = None
    display: str | None = None


class StreamOptions(msgspec.Struct):
    """``stream_options``."""

    include_usage: bool | None = None


class Body(msgspec.Struct):
    """A whole request. Further members are left to ``JsonObject``."""

    messages: list[AnyTurn]
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[msgspec.Raw] | None = None
    functions: list[FunctionDefinition] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | ChosenTool | None = None
    function_call: Literal["none", "auto"] | Named | None = None
    parallel_tool_calls: bool | None = None
    max_completion_tokens: Positive | None = None
    max_tokens: Positive | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Integer | None = None
    stop: str | list[str] | None = None
    seed: Integer | None = None
    n: Positive | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: msgspec.Raw = ABSENT
    logprobs: bool | None = None
    top_logprobs: NotNegative | None = None
    response_format: AnswerFormat | None = None
    reasoning_effort: str | None = None
    thinking: ThinkingOption | None = None
    service_tier: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: msgspec.Raw = ABSENT

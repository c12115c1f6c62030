"""The neutral chat form: a request between any two wire formats.

Every chat format is lifted to this form and lowered from it, so N formats need 2N functions. It is the union of what
the formats can say (OpenAI chat, Anthropic messages, Bedrock Converse, Gemini generateContent, Cohere chat v2): a field
is here because at least two of them have it, or because losing it would break a conversation (thinking signatures).
What only one vendor has travels in a bag (``extras``, ``VendorBlock``, ``VendorTool``) and comes out again only towards
the same vendor. Which word of a format means which word here is the business of the tables of each wire module; answers
are in ``chat_answer``.

Structs are plain data. A request's nodes carry ``at``: where in the caller's body they stood
(``messages[3].content[0]``), so that a loss or an error names the caller's own path. JSON inside (tool arguments,
schemas) stays JSON text, so that key order and number spelling survive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Role = Literal["system", "developer", "user", "assistant"]
"""Who speaks. Results of tools are blocks of a ``user`` message; formats with a role of their own for them say so."""


class CacheMarker(msgspec.Struct, frozen=True):
    """The prompt up to and including the marked place is to be cached; ``ttl`` as Anthropic writes it (``1h``)."""

    ttl: str | None = None


# --- where the bytes of media are


class InlineData(msgspec.Struct, frozen=True):
    """Bytes in the request: base64 text as it came, and their media type (``image/png``)."""

    media_type: str
    data: str


class UrlSource(msgspec.Struct, frozen=True):
    """A URL that the provider, or we if configured, must fetch; ``gs://`` and ``s3://`` are URLs too."""

    url: str
    media_type: str | None = None


class FileSource(msgspec.Struct, frozen=True):
    """A file that was uploaded to the vendor before."""

    file_id: str


class TextSource(msgspec.Struct, frozen=True):
    """A document that is plain text in the request."""

    text: str


Source = InlineData | UrlSource | FileSource | TextSource


# --- blocks of a message


class Citation(msgspec.Struct, frozen=True):
    """What a stretch of text rests on: a URL or a place in a document of the request.

    ``vendor`` and ``raw`` keep the vendor's own object for a caller of the same format.
    """

    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    """Where the stretch begins and ends in the text block, in characters, where the vendor says so."""
    end: int | None = None
    document_index: int | None = None
    vendor: str = ""
    raw: msgspec.Raw = msgspec.Raw(b"")


class Text(msgspec.Struct):
    """Text. ``signature``: Gemini signs text parts too (``thoughtSignature``), and wants it back."""

    text: str
    cache: CacheMarker | None = None
    citations: tuple[Citation, ...] = ()
    signature: str | None = None
    at: str = ""


class Image(msgspec.Struct):
    """A picture; ``detail`` is OpenAI's ``low``/``high``/``auto`` and Gemini's media resolution."""

    source: Source
    detail: str | None = None
    cache: CacheMarker | None = None
    at: str = ""


class Audio(msgspec.Struct):
    """Sound."""

    source: Source
    cache: CacheMarker | None = None
    at: str = ""


class Document(msgspec.Struct):
    """A PDF or another document; ``context`` and ``cite`` (enable citations) are Anthropic's and AWS's."""

    source: Source
    title: str | None = None
    context: str | None = None
    cite: bool | None = None
    cache: CacheMarker | None = None
    at: str = ""


class ToolCall(msgspec.Struct):
    """The model calls a tool. ``arguments`` is the text of a JSON object (``{}`` when there are none)."""

    id: str
    name: str
    arguments: str
    signature: str | None = None
    """Gemini's ``thoughtSignature`` of this call, base64."""
    cache: CacheMarker | None = None
    at: str = ""


class ToolResult(msgspec.Struct):
    """What a tool gave back: texts, images, documents. ``is_error`` None means "not said"."""

    call_id: str
    content: tuple[Text | Image | Document | VendorBlock, ...]
    is_error: bool | None = None
    cache: CacheMarker | None = None
    at: str = ""


class Thinking(msgspec.Struct):
    """Reasoning the model showed; the vendor checks ``signature`` when it gets the block back."""

    text: str
    signature: str | None = None
    at: str = ""


class RedactedThinking(msgspec.Struct):
    """Reasoning that only the vendor can read: base64 text to be sent back as it is."""

    data: str
    at: str = ""


class Refusal(msgspec.Struct):
    """The model declines, in its own words (OpenAI says this apart from text)."""

    text: str
    at: str = ""


class VendorBlock(msgspec.Struct):
    """A block only ``vendor`` (a format id) knows, as its JSON: server tool uses, search results, guard content."""

    vendor: str
    kind: str
    raw: msgspec.Raw
    at: str = ""


Block = Text | Image | Audio | Document | ToolCall | ToolResult | Thinking | RedactedThinking | Refusal | VendorBlock


class Message(msgspec.Struct):
    """One turn. ``name`` is OpenAI's participant name."""

    role: Role
    blocks: list[Block]
    name: str | None = None
    at: str = ""


# --- what a request asks for


class Tool(msgspec.Struct):
    """A function the model may call; ``schema`` is the JSON Schema of its arguments, empty when none was given."""

    name: str
    description: str | None = None
    schema: msgspec.Raw = msgspec.Raw(b"")
    strict: bool | None = None
    cache: CacheMarker | None = None
    at: str = ""
    body_at: str = ""
    """Path of the object that holds the schema, where that is another (OpenAI's ``function``)."""

    @property
    def strict_at(self) -> str:
        """Return the path of ``strict``."""
        return f"{self.body_at or self.at}.strict"


class VendorTool(msgspec.Struct):
    """A tool the vendor itself runs (``web_search_20250305``, ``googleSearch``), as its JSON."""

    vendor: str
    kind: str
    raw: msgspec.Raw
    at: str = ""


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether tools may or must be called; ``names`` is the one tool of ``named``, or the ones ``required`` allows."""

    mode: Literal["auto", "none", "required", "named"]
    names: tuple[str, ...] = ()


class ResponseFormat(msgspec.Struct, frozen=True):
    """The form of the answer's text; ``schema`` (JSON Schema as JSON text) for ``json_schema``."""

    kind: Literal["text", "json_object", "json_schema"]
    schema: msgspec.Raw = msgspec.Raw(b"")
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Words of effort that callers use, least first; providers take some of them."""


class Reasoning(msgspec.Struct, frozen=True):
    """How much the model is to think: by a word, by a budget in tokens, or as it sees fit.

    ``mode`` None: only ``effort`` was given. ``show``: whether the caller wants to see thinking, None when not said.
    """

    mode: Literal["enabled", "disabled", "adaptive"] | None = None
    effort: str | None = None
    budget_tokens: int | None = None
    show: bool | None = None


class ChatRequest(msgspec.Struct):
    """What a caller asks for. A field that is None was not said, and is then not said to the provider either."""

    vendor: str
    """Id of the caller's format, whose vendor's bags may be in here."""
    paths: Mapping[str, str]
    """Field of this struct to the caller's name of it, where it differs (``max_output_tokens``: ``max_tokens``)."""
    messages: list[Message]
    model: str | None = None
    stream: bool = False
    wants_usage_event: bool = False
    """The caller asked for the counts in its stream (OpenAI's ``include_usage``)."""
    tools: list[Tool | VendorTool] = []
    """Functions in every format, and the vendors' own beside them."""
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    """OpenAI's, and Anthropic's ``disable_parallel_tool_use``."""
    max_output_tokens: int | None = None
    """Every format has a limit; Anthropic's must be there."""
    temperature: float | None = None
    top_p: float | None = None
    """This and ``temperature`` are everywhere, not with the same bounds."""
    top_k: int | None = None
    """Anthropic, Gemini, Cohere, and families of models on Bedrock."""
    stop: tuple[str, ...] = ()
    """Everywhere; how many there may be differs."""
    seed: int | None = None
    """OpenAI, Gemini, Cohere."""
    choices: int | None = None
    """OpenAI's ``n``, Gemini's ``candidateCount``."""
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    """Both penalties: OpenAI, Gemini, Cohere."""
    logit_bias: msgspec.Raw | None = None
    """OpenAI's alone, but asked for by many: others report it by its name. An object that has members."""
    logprobs: bool | None = None
    top_logprobs: int | None = None
    """OpenAI and Gemini; Cohere has ``logprobs`` alone."""
    response_format: ResponseFormat | None = None
    """Everywhere by some name; where a model cannot, a forced tool stands in."""
    reasoning: Reasoning | None = None
    """Everywhere: a word, a budget, or both."""
    service_tier: str | None = None
    """OpenAI, Anthropic, Bedrock."""
    user: str | None = None
    """OpenAI, and Anthropic's ``metadata.user_id``."""
    metadata: msgspec.Raw | None = None
    """OpenAI, and Converse's ``requestMetadata``. An object that has members."""
    extras: dict[str, msgspec.Raw] = {}
    """Further members of the caller's body, for an upstream of the same vendor; others report each as lost."""
    unread: tuple[str, ...] = ()
    """Paths of members inside messages or tools that the caller's format does not document, and nobody reads."""

    def path(self, field: str) -> str:
        """Return the caller's path of a field of this struct."""
        return self.paths.get(field, field)

"""The words of Gemini's generateContent and what they mean in the neutral form.

https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/thinking,
https://ai.google.dev/gemini-api/docs/thought-signatures and
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (read 2026-11-23), checked against
the types of google-genai 3.4. Budgets for efforts: https://ai.google.dev/gemini-api/docs/openai. Words of errors:
https://google.aip.dev/193 and google.rpc.Code. Nothing here reads or writes JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.chat_answer import ErrorKind, FinishReason
from penstock.core.chat_format import FormatId
from penstock.core.model_facts import ModelFacts

FORMAT: FormatId = "gemini_generate"
"""Our id of this format; also the ``vendor`` of bags that only it understands."""

# --- why an answer ended

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "FINISH_REASON_UNSPECIFIED": "unknown",
        "STOP": "stop",  # also at a stop sequence, which Gemini does not name; with a call it is ``tool_calls``
        "MAX_TOKENS": "length",
        "SAFETY": "content_filter",
        "RECITATION": "content_filter",
        "LANGUAGE": "content_filter",
        "OTHER": "error",
        "BLOCKLIST": "content_filter",
        "PROHIBITED_CONTENT": "content_filter",
        "SPII": "content_filter",
        "MALFORMED_FUNCTION_CALL": "malformed_tool_call",
        "IMAGE_SAFETY": "content_filter",
        "IMAGE_PROHIBITED_CONTENT": "content_filter",
        "IMAGE_OTHER": "error",
        "NO_IMAGE": "error",
        "IMAGE_RECITATION": "content_filter",
        "UNEXPECTED_TOOL_CALL": "malformed_tool_call",
        "TOO_MANY_TOOL_CALLS": "error",
        "MISSING_THOUGHT_SIGNATURE": "error",
        "MALFORMED_RESPONSE": "error",
        "ESCALATION": "content_filter",
        "PUP_LIMITED_DISABLED": "content_filter",
        "CONTINUATION": "length",  # the limit of one answer; going on needs a token that only Gemini's own API takes
        "MODEL_ARMOR": "guardrail",
    }
)
"""``finishReason``; another word is ``unknown``."""

BLOCK_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "BLOCKED_REASON_UNSPECIFIED": "content_filter",
        "SAFETY": "content_filter",
        "OTHER": "content_filter",
        "BLOCKLIST": "content_filter",
        "PROHIBITED_CONTENT": "content_filter",
        "IMAGE_SAFETY": "content_filter",
        "MODEL_ARMOR": "guardrail",
        "JAILBREAK": "content_filter",
    }
)
"""``promptFeedback.blockReason``: the prompt was refused. Another word is ``content_filter`` too, and counted."""

# --- errors

ERRORS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "CANCELLED": "timeout",
        "UNKNOWN": "server",
        "INVALID_ARGUMENT": "invalid_request",
        "DEADLINE_EXCEEDED": "timeout",
        "NOT_FOUND": "not_found",
        "ALREADY_EXISTS": "invalid_request",
        "PERMISSION_DENIED": "permission",
        "UNAUTHENTICATED": "authentication",
        "RESOURCE_EXHAUSTED": "rate_limit",
        "FAILED_PRECONDITION": "invalid_request",
        "ABORTED": "overloaded",
        "OUT_OF_RANGE": "invalid_request",
        "UNIMPLEMENTED": "not_found",
        "INTERNAL": "server",
        "UNAVAILABLE": "overloaded",
        "DATA_LOSS": "server",
    }
)
"""``error.status``: the words of google.rpc.Code but ``OK``."""

ERRORS_BY_STATUS: Mapping[int, ErrorKind] = MappingProxyType(
    {
        400: "invalid_request",
        401: "authentication",
        403: "permission",
        404: "not_found",
        408: "timeout",
        413: "too_large",
        429: "rate_limit",
        499: "timeout",
        503: "overloaded",
        504: "timeout",
    }
)
"""Where an error has no word we know; below 500 it is ``invalid_request``, else ``server``."""

ERRORS_BY_REASON: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "API_KEY_INVALID": "authentication",
        "API_KEY_EXPIRED": "authentication",
        "ACCESS_TOKEN_EXPIRED": "authentication",
        "ACCESS_TOKEN_TYPE_UNSUPPORTED": "authentication",
        "CREDENTIALS_MISSING": "authentication",
        "RATE_LIMIT_EXCEEDED": "rate_limit",
        "SERVICE_DISABLED": "permission",
        "BILLING_DISABLED": "permission",
    }
)
"""``details[].reason`` of an ErrorInfo, which says more than the status word: AI Studio answers a bad key with 400."""

# --- what a request asks for

TOOL_MODES: Mapping[str, str] = MappingProxyType({"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"})

RESOLUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "low": "MEDIA_RESOLUTION_LOW",
        "medium": "MEDIA_RESOLUTION_MEDIUM",
        "high": "MEDIA_RESOLUTION_HIGH",
        "original": "MEDIA_RESOLUTION_ULTRA_HIGH",
        "ultra_high": "MEDIA_RESOLUTION_ULTRA_HIGH",
    }
)
"""An image's ``detail`` to ``mediaResolution.level``; ``auto`` asks for nothing."""

BUDGETS: Mapping[str, int] = MappingProxyType({"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576})
"""Effort to thinking budget in tokens, as Google's own OpenAI-compatible API does it."""

SKIP_SIGNATURE = "skip_thought_signature_validator"
"""Documented stand-in for the signature of a call that another model made."""

SIGNATURE_MARK = "gemini:"
"""Begins the signature of a ``Thinking`` block that Gemini signed, so that no other vendor's is sent to it."""

MOST_STOP_SEQUENCES = 5
MOST_CANDIDATES = 8
MOST_TOP_LOGPROBS = 20

VENDOR_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "google_search": "googleSearch",
        "enterprise_search": "enterpriseWebSearch",
        "enterprise_web_search": "enterpriseWebSearch",
        "url_context": "urlContext",
        "code_execution": "codeExecution",
        "google_maps": "googleMaps",
        "googleSearch": "googleSearch",
        "enterpriseWebSearch": "enterpriseWebSearch",
        "urlContext": "urlContext",
        "codeExecution": "codeExecution",
        "googleMaps": "googleMaps",
    }
)
"""``type`` of a tool that Google runs, as OpenAI callers write it, to the member of Gemini's ``Tool``."""

VENDOR_TOOL_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "exclude_domains": "excludeDomains",
        "blocking_confidence": "blockingConfidence",
        "time_range_filter": "timeRangeFilter",
        "start_time": "startTime",
        "end_time": "endTime",
        "search_types": "searchTypes",
        "enable_widget": "enableWidget",
    }
)
"""Members of such a tool in snake case to Gemini's."""

TOP_LEVEL_EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "safetySettings": "safetySettings",
        "safety_settings": "safetySettings",
        "cachedContent": "cachedContent",
        "cached_content": "cachedContent",
        "labels": "labels",
    }
)
"""Further members of an OpenAI caller's body that are Gemini's own, to Gemini's name of them."""

THINKING_EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "thinking_budget": "thinkingBudget",
        "thinkingBudget": "thinkingBudget",
        "thinking_level": "thinkingLevel",
        "thinkingLevel": "thinkingLevel",
        "include_thoughts": "includeThoughts",
        "includeThoughts": "includeThoughts",
    }
)
"""Members of ``extra_body.google.thinking_config`` to those of ``thinkingConfig``."""

CONFIG_EXTRAS = frozenset(
    {
        "mediaResolution",
        "responseModalities",
        "speechConfig",
        "imageConfig",
        "audioTimestamp",
        "enableAffectiveDialog",
        "modelSelectionConfig",
        "routingConfig",
    }
)
"""Members of an extra ``generationConfig`` that no field of OpenAI's says; the others have a field of their own."""

CALLERS_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "openai_chat": MappingProxyType(
            {
                "schema": "function.parameters",
                "response_schema": "json_schema.schema",
                "strict": "function.strict",
                "detail": "image_url.detail",
                "title": "file.filename",
            }
        ),
        "anthropic_messages": MappingProxyType({"schema": "input_schema", "response_schema": "schema"}),
    }
)
"""Caller's format to where the members of tools and blocks stand in it: losses name the caller's own path."""


def callers_name(vendor: str, member: str) -> str:
    """Return the path of a member within its tool or block, as the caller's format has it."""
    return CALLERS_NAMES.get(vendor, {}).get(member, member)


def takes_levels(facts: ModelFacts) -> bool:
    """Whether a model is Gemini 3 or later.

    They take a level of thinking, ids of calls, signatures as a duty, a resolution for each image, media in results of
    functions, and functions together with a form of the answer.
    """
    return facts.thinking == "level"


# --- media

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
        "heic": "image/heic",
        "heif": "image/heif",
        "bmp": "image/bmp",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "svg": "image/svg+xml",
        "pdf": "application/pdf",
        "txt": "text/plain",
        "md": "text/markdown",
        "csv": "text/csv",
        "html": "text/html",
        "xml": "text/xml",
        "json": "application/json",
        "wav": "audio/wav",
        "mp3": "audio/mpeg",
        "m4a": "audio/m4a",
        "aac": "audio/aac",
        "flac": "audio/flac",
        "ogg": "audio/ogg",
        "opus": "audio/opus",
        "mp4": "video/mp4",
        "mov": "video/quicktime",
        "webm": "video/webm",
    }
)
"""Ending of a URL's path to media type, which ``fileData`` must say."""

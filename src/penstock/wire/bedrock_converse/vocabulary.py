"""The words of Bedrock's Converse API and what they mean in the neutral form.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, .../API_runtime_ConverseStream.html
(read 2026-11-23), checked against the service model of botocore 1.44. Which member of ``additionalModelRequestFields``
a family of models reads: .../userguide/model-parameters.html, docs.aws.amazon.com/nova/latest/nova2-userguide/
(extended-thinking, request-response-schema) and langchain-ai/docs#5239 (read 2026-11-23). The modules beside this one
read and write the shapes; none of them knows a word that is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from penstock.core.chat_answer import ErrorKind, FinishReason
from penstock.core.chat_format import FormatId
from penstock.core.model_facts import ModelFacts

FORMAT: FormatId = "bedrock_converse"
"""Our id of this format; also the ``vendor`` of blocks that only it understands."""

# --- why an answer ended

STOP_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": "stop",
        "tool_use": "tool_calls",
        "max_tokens": "length",
        "stop_sequence": "stop_sequence",
        "guardrail_intervened": "guardrail",
        "content_filtered": "content_filter",
        "malformed_model_output": "error",
        "malformed_tool_use": "malformed_tool_call",
        "model_context_window_exceeded": "context_length",
        "refusal": "refusal",  # not in the service model; Claude's own words, should they come through
        "pause_turn": "pause",
    }
)
"""Every ``StopReason`` of the service model has a row; another word is ``unknown``."""

# --- errors

ERROR_KINDS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "accessdeniedexception": "permission",
        "unrecognizedclientexception": "authentication",
        "invalidsignatureexception": "authentication",
        "incompletesignatureexception": "authentication",
        "missingauthenticationtokenexception": "authentication",
        "expiredtokenexception": "authentication",
        "notauthorizedexception": "permission",
        "optinrequired": "permission",
        "validationexception": "invalid_request",
        "validationerror": "invalid_request",
        "serializationexception": "invalid_request",
        "unknownoperationexception": "not_found",
        "resourcenotfoundexception": "not_found",
        "requestentitytoolargeexception": "too_large",
        "throttlingexception": "rate_limit",
        "toomanyrequestsexception": "rate_limit",
        "modelnotreadyexception": "overloaded",
        "servicequotaexceededexception": "quota",
        "serviceunavailableexception": "overloaded",
        "modeltimeoutexception": "timeout",
        "modelerrorexception": "server",
        "modelstreamerrorexception": "server",
        "internalserverexception": "server",
        "internalfailure": "server",
        "conflictexception": "invalid_request",
    }
)
"""Exceptions, in lower case (a stream spells their first letter small), to what they mean; others by their status."""

STREAM_ERROR_STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "internalserverexception": 500,
        "modelstreamerrorexception": 424,
        "modeltimeoutexception": 408,
        "serviceunavailableexception": 503,
        "throttlingexception": 429,
        "validationexception": 400,
    }
)
"""The status an exception inside a stream would have had, by its name in lower case; others are 500."""

TOO_LONG = re.compile(
    r"input is too long|too many (?:input )?tokens|too long for requested model|prompt is too long|"
    r"maximum (?:context|input) length|exceeds? the (?:model's )?(?:maximum )?(?:context|input) (?:length|window)|"
    r"exceeds? context limit|context window|input tokens? exceed|number of input tokens",
    re.IGNORECASE,
)
"""How models on Bedrock say that a prompt does not fit; the exception is that of any invalid request.

``Too many tokens, please wait`` is a limit of rate and comes as a throttling exception, which is looked at first.
"""
FILTERED = re.compile(r"content filter(?:ing)? policy|blocked by (?:our )?content", re.IGNORECASE)

# --- media

IMAGE_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/gif": "gif",
        "image/webp": "webp",
    }
)
AUDIO_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
        "audio/opus": "opus",
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/wave": "wav",
        "audio/aac": "aac",
        "audio/flac": "flac",
        "audio/x-flac": "flac",
        "audio/mp4": "mp4",
        "audio/m4a": "m4a",
        "audio/x-m4a": "m4a",
        "audio/ogg": "ogg",
        "audio/webm": "webm",
        "audio/x-matroska": "mka",
        "audio/pcm": "pcm",
        "audio/l16": "pcm",
        "audio/pcm16": "pcm",
    }
)
VIDEO_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "video/mp4": "mp4",
        "video/quicktime": "mov",
        "video/x-matroska": "mkv",
        "video/webm": "webm",
        "video/x-flv": "flv",
        "video/mpeg": "mpeg",
        "video/x-ms-wmv": "wmv",
        "video/3gpp": "three_gp",
    }
)
DOCUMENT_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": "pdf",
        "application/x-pdf": "pdf",
        "text/csv": "csv",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
        "text/x-markdown": "md",
    }
)
FORMATS_OF_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        **{word: word for word in (*IMAGE_FORMATS.values(), *AUDIO_FORMATS.values())},
        **{word: word for word in (*VIDEO_FORMATS.values(), *DOCUMENT_FORMATS.values())},
        "jpg": "jpeg",
        "htm": "html",
        "3gp": "three_gp",
    }
)
"""Ending of a file's name to its format, for sources that say no media type."""
AUDIO_MEDIA_TYPES: Mapping[str, str] = MappingProxyType({"mp3": "audio/mpeg", "m4a": "audio/mp4", "pcm": "audio/pcm"})
"""Media type of sound in an answer, where it is not ``audio/`` and the format."""

# --- words of requests

CACHE_TTLS: frozenset[str] = frozenset({"5m", "1h"})
DEFAULT_CACHE_TTL = "5m"
"""Not said when asked for, since older models refuse the member."""

SERVICE_TIERS: Mapping[str, str | None] = MappingProxyType(
    {
        "auto": None,
        "default": "default",
        "standard_only": "default",
        "flex": "flex",
        "priority": "priority",
        "reserved": "reserved",
    }
)
"""What a caller asks for to ``serviceTier.type``; None says nothing, and another word is lost."""

PASSED_EXTRAS: frozenset[str] = frozenset(
    {
        "guardrailConfig",
        "performanceConfig",
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "promptVariables",
        "requestMetadata",
    }
)
"""Members of Converse that a caller may write in its own body, since no other format has words for them."""

# --- families of models

_VENDOR = re.compile(r"(?<![a-z0-9-])([a-z0-9]+)\.(?=[a-z])")
_REGIONS = frozenset({"us", "eu", "apac", "uk", "au", "jp", "ca", "sa", "me", "af", "global"})
_REMEMBERED_MODELS = 1024


@lru_cache(_REMEMBERED_MODELS)
def _vendor_named(model: str) -> str:
    """Return the vendor that a model's id names, empty when it names none; remembered, for each request asks."""
    return next((name for name in _VENDOR.findall(model.lower()) if name not in _REGIONS), "")


def vendor_of(model: str, facts: ModelFacts) -> str:
    """Return whose model it is by its id (``anthropic``); empty when the id does not say (a custom profile's ARN).

    Only Claude takes a thinking budget or thinks as it sees fit, so those facts tell of a model whose id is opaque.
    """
    return _vendor_named(model) or ("anthropic" if facts.thinking in {"budget", "adaptive"} else "")


ReasoningShape = Literal["reasoningConfig", "reasoning.effort", "reasoning_effort"]
_REASONING_SHAPES: tuple[tuple[str, ReasoningShape], ...] = (
    ("*amazon.*", "reasoningConfig"),
    ("*openai.gpt-oss*", "reasoning_effort"),
    ("*openai.*", "reasoning.effort"),
    ("*", "reasoning_effort"),
)


def reasoning_shape(model: str) -> ReasoningShape:
    """Return how a model that takes its reasoning by a word reads that word in ``additionalModelRequestFields``."""
    name = model.lower()
    return next(shape for pattern, shape in _REASONING_SHAPES if fnmatchcase(name, pattern))


TOP_K_MEMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "anthropic": ("top_k",),
        "amazon": ("inferenceConfig", "topK"),
        "mistral": ("top_k",),
        "cohere": ("k",),
    }
)
"""Vendor to where its models read top_k in ``additionalModelRequestFields``; others take none."""

BOTH_CHOICES: frozenset[str] = frozenset({"any", "tool"})
FORCED_CHOICES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "meta": frozenset(),
        "cohere": frozenset(),
        "ai21": frozenset(),
        "mistral": frozenset({"any"}),
        "deepseek": frozenset({"any"}),
    }
)
"""Vendor to the members of ``toolChoice`` by which its models can be made to call a tool; those of others take both."""
ERROR_STATUS_VENDORS: frozenset[str] = frozenset({"anthropic", "amazon", ""})
"""Whose models take the ``status`` of a tool's result; empty is a model whose id does not say."""
MOST_CACHE_POINTS = 4
DOTTED_ID_VENDORS: frozenset[str] = frozenset({"moonshot", "moonshotai"})
"""Whose models make ids of calls with dots and colons (``functions.get_weather:0``) and want them back."""


def continues_turns(vendor: str, facts: ModelFacts, *, thinking: bool) -> bool:
    """Say whether a model can be given the beginning of its answer: "A conversation must end with a user message".

    Older models of Anthropic and Amazon could, and none can while it thinks.
    """
    return vendor in {"anthropic", "amazon", ""} and facts.prefill and not thinking

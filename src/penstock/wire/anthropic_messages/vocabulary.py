"""The words of Anthropic's messages API and what they mean in the neutral form, both ways.

https://platform.claude.com/docs/en/api/messages, .../api/errors, .../build-with-claude/handling-stop-reasons,
.../build-with-claude/vision and .../pdf-support (read 2026-11-23), checked against the types of the Python SDK 2.12.
The modules beside this one read and write the shapes; none of them knows a word that is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from penstock.core.chat_answer import ErrorKind, FinishReason
from penstock.core.chat_format import FormatId

FORMAT: FormatId = "anthropic_messages"
"""Our id of this format; also the ``vendor`` of bags that only it understands."""

# --- why an answer ended

StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "compaction",
]
"""Documented values of ``stop_reason``; ``compaction`` only with the compaction beta."""

STOP_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": "stop",
        "max_tokens": "length",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_calls",
        "pause_turn": "pause",
        "refusal": "refusal",
        "model_context_window_exceeded": "context_length",
        "compaction": "pause",  # the conversation is to be sent again, with the summary in it
    }
)
"""Every ``StopReason`` has a row; another word is ``unknown``."""

STOP_WORDS: Mapping[FinishReason, StopReason] = MappingProxyType(
    {
        "stop": "end_turn",
        "stop_sequence": "stop_sequence",
        "length": "max_tokens",
        "context_length": "model_context_window_exceeded",
        "tool_calls": "tool_use",
        "content_filter": "refusal",
        "refusal": "refusal",
        "guardrail": "refusal",
        "pause": "pause_turn",
        "malformed_tool_call": "refusal",  # a turn that broke off: no other word says that it is not complete
        "error": "refusal",
        "unknown": "end_turn",
    }
)

# --- errors

ErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "conflict_error",
    "memory_precondition_failed_error",
    "memory_path_conflict_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
]
"""Documented values of ``error.type``."""

ERROR_KINDS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "invalid_request_error": "invalid_request",
        "authentication_error": "authentication",
        "billing_error": "quota",
        "permission_error": "permission",
        "not_found_error": "not_found",
        "conflict_error": "invalid_request",
        "memory_precondition_failed_error": "invalid_request",
        "memory_path_conflict_error": "invalid_request",
        "request_too_large": "too_large",
        "rate_limit_error": "rate_limit",
        "timeout_error": "timeout",
        "api_error": "server",
        "overloaded_error": "overloaded",
    }
)
"""Every ``ErrorType`` has a row; of another type the status says what it means."""

ERROR_TYPES: Mapping[ErrorKind, ErrorType] = MappingProxyType(
    {
        "invalid_request": "invalid_request_error",
        "context_length": "invalid_request_error",
        "content_filter": "invalid_request_error",
        "authentication": "authentication_error",
        "permission": "permission_error",
        "not_found": "not_found_error",
        "too_large": "request_too_large",
        "rate_limit": "rate_limit_error",
        "quota": "billing_error",
        "overloaded": "overloaded_error",
        "timeout": "timeout_error",
        "server": "api_error",
    }
)

ERROR_STATUSES: Mapping[ErrorKind, int] = MappingProxyType(
    {
        "invalid_request": 400,
        "context_length": 400,
        "content_filter": 400,
        "authentication": 401,
        "quota": 402,
        "permission": 403,
        "not_found": 404,
        "too_large": 413,
        "rate_limit": 429,
        "server": 500,
        "timeout": 504,
        "overloaded": 529,
    }
)
"""The status that goes with an error; of one inside a stream, what it would have been."""

# --- blocks that only Anthropic knows

VENDOR_BLOCKS: frozenset[str] = frozenset(
    {
        "search_result",
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
        "tool_reference",
        "tool_addition",
        "tool_removal",
        "container_upload",
        "browser_state",
        "mcp_tool_use",
        "mcp_tool_result",
        "mcp_tool_listing",
        "advisor_tool_result",
        "compaction",
        "fallback",
    }
)
"""Kinds of blocks in requests, betas included, that the neutral form carries as they are."""

# --- how soon an answer is wanted

SERVICE_TIERS: Mapping[str, str] = MappingProxyType({"standard": "default", "priority": "priority", "batch": "batch"})
"""``usage.service_tier`` of an answer to the neutral word, which is OpenAI's."""

ASKED_SERVICE_TIERS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "auto": ("auto", True),
        "standard_only": ("standard_only", True),
        "default": ("standard_only", True),
        "flex": ("standard_only", False),
        "scale": ("auto", False),
        "priority": ("auto", False),  # used if the organisation has bought it; it cannot be bought by the request
    }
)
"""What a caller asks for to ``service_tier``, and whether the two mean the same."""

LIFTED_SERVICE_TIERS: Mapping[str, str] = MappingProxyType({"auto": "auto", "standard_only": "default"})
"""``service_tier`` of a caller of this format to the neutral word."""

SHOWN_SERVICE_TIERS: Mapping[str, str] = MappingProxyType(
    {"default": "standard", "standard": "standard", "priority": "priority", "batch": "batch"}
)
"""The tier that served an answer to the word in its usage; the format has none for another tier, and none is told."""

# --- media

IMAGE_MEDIA_TYPES: frozenset[str] = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
MEDIA_TYPE_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {"image/jpg": "image/jpeg", "application/x-pdf": "application/pdf"}
)
"""Media types that callers write otherwise than this API."""
PDF_MEDIA_TYPE = "application/pdf"
TEXT_MEDIA_TYPE = "text/plain"
FILES_BETA = "files-api-2025-04-14"
"""The feature to ask for (``anthropic-beta``) when a request names uploaded files."""

# --- limits

CACHE_TTLS: frozenset[str] = frozenset({"5m", "1h"})
"""How long a cached prompt lives; ``5m`` when not said."""
MOST_CACHE_MARKERS = 4

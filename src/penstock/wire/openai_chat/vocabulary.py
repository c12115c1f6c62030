"""The words of OpenAI chat, as tables: finish reasons, roles, parts, media types, and words for errors.

https://developers.openai.com/api/reference/resources/chat (read 2026-11-23), checked against the types of the Python
SDK 3.54. Nothing here reads or writes JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.chat import ChatRequest
from penstock.core.chat_answer import ErrorKind
from penstock.core.chat_answer import FinishReason as NeutralReason

VENDOR = "openai_chat"
"""Id of this format, and name of the vendor's bags in neutral structs."""

FINISH_WORDS: Mapping[NeutralReason, str] = MappingProxyType(
    {
        "stop": "stop",
        "stop_sequence": "stop",
        "length": "length",
        "context_length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "content_filter",
        "refusal": "content_filter",
        "guardrail": "content_filter",
        "pause": "length",  # the answer goes on when the conversation is sent again: it is not complete
        "malformed_tool_call": "content_filter",  # the provider withheld what the model wrote
        "error": "content_filter",
        "unknown": "stop",  # never alone: see INEXACT; clients fail on words that OpenAI does not document
    }
)
"""What a caller reads. OpenAI documents five words, and strict clients take no other."""

CALLS_FUNCTIONS: Mapping[str, str] = MappingProxyType({"tools": "functions", "parallel_tool_calls": "functions"})
"""What a caller of the deprecated form calls these fields."""
DEPRECATED_WORDS: Mapping[str, str] = MappingProxyType({"tool_calls": "function_call"})
"""What such a caller reads of why an answer ended, where it is another word."""


def calls_functions(request: ChatRequest) -> bool:
    """Say whether a caller wrote in the deprecated form, and so reads ``function_call`` and no ``tool_calls``."""
    return request.vendor == VENDOR and request.path("tools") == "functions"


INEXACT = frozenset({"context_length", "refusal", "guardrail", "pause", "malformed_tool_call", "error", "unknown"})
"""Reasons that OpenAI has no word of its own for: the vendor's word is given beside, as ``native_finish_reason``."""

FINISH_REASONS_READ: Mapping[str, NeutralReason] = MappingProxyType(
    {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
        # words of vendors whose API is called compatible
        "eos": "stop",
        "eos_token": "stop",
        "end_turn": "stop",
        "stop_sequence": "stop_sequence",
        "max_tokens": "length",
        "model_length": "context_length",
        "model_context_window_exceeded": "context_length",
        "tool_use": "tool_calls",
        "tool_call": "tool_calls",
        "safety": "content_filter",
        "sensitive": "content_filter",
        "refusal": "refusal",
        "pause_turn": "pause",
        "malformed_function_call": "malformed_tool_call",
        "error": "error",
        "network_error": "error",
        "insufficient_system_resource": "error",
    }
)
"""``finish_reason`` of an upstream, in lower case, to ours; another word is ``unknown`` and counted."""

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
PARTS = ("text", "image_url", "input_audio", "file", "refusal", "thinking", "redacted_thinking")

PARTS_OF_ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "system": frozenset({"text"}),
        "developer": frozenset({"text"}),
        "user": frozenset({"text", "image_url", "input_audio", "file"}),
        "assistant": frozenset({"text", "refusal", "thinking", "redacted_thinking"}),
        "tool": frozenset({"text", "image_url", "file"}),
    }
)
"""Parts that a role may have; the tools' images and files and the assistant's thinking are common extensions."""

AUDIO_TYPES: Mapping[str, str] = MappingProxyType({"wav": "audio/wav", "mp3": "audio/mpeg"})
"""``input_audio.format`` to media type; another format is ``audio/`` and its own name."""

AUDIO_FORMATS: Mapping[str, str] = MappingProxyType(
    {"audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
)

FILE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "txt": "text/plain",
        "md": "text/markdown",
        "csv": "text/csv",
        "html": "text/html",
        "json": "application/json",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
"""Ending of a file's name to media type, for file data that does not say its own."""

IMAGE_BEGINNINGS: Mapping[str, str] = MappingProxyType(
    {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/", "image/gif": "R0lGOD", "image/webp": "UklGR"}
)
"""How the base64 text of a picture of these types begins."""

ERRORS: Mapping[ErrorKind, tuple[str, str]] = MappingProxyType(
    {
        "invalid_request": ("invalid_request_error", "invalid_request"),
        "context_length": ("invalid_request_error", "context_length_exceeded"),
        "content_filter": ("invalid_request_error", "content_filter"),
        "authentication": ("server_error", "upstream_credential_rejected"),
        "permission": ("invalid_request_error", "permission_denied"),
        "not_found": ("invalid_request_error", "model_not_found"),
        "too_large": ("invalid_request_error", "request_too_large"),
        "rate_limit": ("rate_limit_error", "rate_limit_exceeded"),
        "quota": ("insufficient_quota", "insufficient_quota"),
        "overloaded": ("server_error", "overloaded"),
        "timeout": ("server_error", "timeout"),
        "server": ("server_error", "server_error"),
    }
)
"""``error.type`` and ``error.code``; it is our key that a provider does not accept, not the caller's."""

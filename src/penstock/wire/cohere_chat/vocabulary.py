"""The words of Cohere's chat API v2, and what they mean here.

https://docs.cohere.com/reference/chat and ``…/chat-stream``, checked against the types of Cohere's Python SDK 7.3 (read
2026-11-23). Errors have their words in ``penstock.wire.cohere_errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from penstock.core.chat import Role
from penstock.core.chat_answer import FinishReason
from penstock.core.chat_format import FormatId

FORMAT: FormatId = "cohere_chat"

ROLES: Mapping[Role, str] = MappingProxyType(
    {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
)
"""Results of tools have a role of their own, ``tool``."""

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop_sequence",
        "MAX_TOKENS": "length",
        "TOOL_CALL": "tool_calls",
        "ERROR": "error",
        "TIMEOUT": "error",
    }
)

TOOL_CHOICES: Mapping[Literal["auto", "none", "required", "named"], str | None] = MappingProxyType(
    {"auto": None, "none": "NONE", "required": "REQUIRED", "named": "REQUIRED"}
)
"""Leaving it out leaves the choice to the model. A tool is named by offering no other."""

OWN_MEMBERS = frozenset({"documents", "citation_options", "safety_mode", "priority"})
"""Members that are sent on whatever the caller's format is: who writes them writes for Cohere."""

CITES_TEXT = frozenset({None, "TEXT_CONTENT"})
CITES_PLAN = "PLAN"
"""What a citation is of; those of thinking (``THINKING_CONTENT``) have no place in other formats."""

MOST_STOPS = 5
MOST_K = 500
LEAST_P, MOST_P = 0.01, 0.99
MOST_TEMPERATURE = 1.0
MOST_PENALTY = 1.0
DETAILS = frozenset({"auto", "low", "high"})
"""Of pictures."""

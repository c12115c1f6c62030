"""Finds how a provider counts tokens, by an id; its module is imported when it is first asked for.

Which provider counts how is in its file. https://platform.claude.com/docs/en/api/messages-count-tokens is what callers
speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from penstock.core.chat_format import CallerFormat, CountFormatId, UpstreamFormat

MODULES: Mapping[CountFormatId, str] = MappingProxyType(
    {
        "bedrock_converse_count": "bedrock_converse",
        "bedrock_invoke_count": "bedrock_invoke",
        "gemini_count": "gemini",
        "gemini_vertex_count": "gemini_vertex",
    }
)


@cache
def find_count_format(format_id: CountFormatId) -> UpstreamFormat:
    """Return how to ask providers for a count in this format.

    Raises:
        LookupError: its module declares no format.
    """
    found: object = getattr(import_module(f"penstock.wire.token_counts.{MODULES[format_id]}"), "UPSTREAM", None)
    if not isinstance(found, UpstreamFormat):
        msg = f"no provider counts by {format_id}"
        raise LookupError(msg)
    return found


@cache
def find_count_caller() -> CallerFormat:
    """Return how callers ask for a count.

    Raises:
        LookupError: its module declares no caller.
    """
    found: object = getattr(import_module("penstock.wire.token_counts.anthropic_caller"), "CALLER", None)
    if not isinstance(found, CallerFormat):
        msg = "no caller asks for counts"
        raise LookupError(msg)
    return found

"""Token counts of Gemini (``usageMetadata``) as :class:`penstock.core.usage.Usage`.

``promptTokenCount`` has the cached tokens in it; what tools of Google's own fed back is counted apart
(``toolUsePromptTokenCount``) and is input too. ``candidatesTokenCount`` has no thoughts in it, so output is the sum of
both. Google leaves a count of nought out; the total then says that it is one.
https://ai.google.dev/api/generate-content#UsageMetadata (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.core.usage import UNREPORTED, Usage

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Modality(msgspec.Struct, rename="camel"):
    modality: str | None = None
    token_count: _Count | None = None


class UsageMetadata(msgspec.Struct, rename="camel"):
    """``usageMetadata`` as it comes."""

    prompt_token_count: _Count | None = None
    tool_use_prompt_token_count: _Count | None = None
    cached_content_token_count: _Count | None = None
    candidates_token_count: _Count | None = None
    thoughts_token_count: _Count | None = None
    total_token_count: _Count | None = None
    prompt_tokens_details: list[_Modality] | None = None
    candidates_tokens_details: list[_Modality] | None = None


def read_usage(found: UsageMetadata | None) -> Usage:
    """Return the counts."""
    if found is None:
        return UNREPORTED
    into, fed_back = found.prompt_token_count, found.tool_use_prompt_token_count
    if fed_back is not None:
        into = fed_back + (into or 0)
    out, thoughts = found.candidates_token_count, found.thoughts_token_count
    if thoughts is not None:
        out = thoughts + (out or 0)
    if out is None and into is not None and found.total_token_count is not None:
        out = max(found.total_token_count - into, 0)
    return Usage(
        into,
        found.cached_content_token_count,
        None,
        out,
        thoughts,
        _audio(found.prompt_tokens_details),
        _audio(found.candidates_tokens_details),
        found.total_token_count,
    )


def _audio(details: list[_Modality] | None) -> int | None:
    count: int | None = None
    for each in details or ():
        if each.modality == "AUDIO" and each.token_count is not None:
            count = (count or 0) + each.token_count
    return count

"""Converse's ``usage`` as neutral counts.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html, .../userguide/prompt-caching.html
(read 2026-11-23): ``inputTokens`` leaves out what was read from or written to the cache, which is reported beside it.
Tokens of thinking are part of ``outputTokens`` and not told apart.
"""

from __future__ import annotations

import msgspec

from penstock.core.usage import UNREPORTED, Usage


class TokenUsage(msgspec.Struct, rename="camel", gc=False):
    """The ``usage`` object of an answer or of the last event of a stream."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


def read_usage(said: TokenUsage | None) -> Usage:
    """Return the counts with the cached tokens inside the input; the total is theirs, else what was reported."""
    if said is None:
        return UNREPORTED
    whole = said.input_tokens
    if whole is not None:
        whole += (said.cache_read_input_tokens or 0) + (said.cache_write_input_tokens or 0)
    total = said.total_tokens
    if whole is not None and said.output_tokens is not None:
        total = whole + said.output_tokens
    return Usage(
        input_tokens=whole,
        cached_input_tokens=said.cache_read_input_tokens,
        cache_creation_tokens=said.cache_write_input_tokens,
        output_tokens=said.output_tokens,
        total_tokens=total,
    )

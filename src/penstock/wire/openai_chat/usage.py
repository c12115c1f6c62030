"""The ``usage`` object of answers that we write: only what was reported stands in it.

Clients' types have three counts that must be there. One that was not reported is found from the other two; where that
cannot be, there is no object, rather than a nought that nobody counted. Tokens written to a cache have OpenAI's own
name, ``cache_write_tokens``. Reading the object is the work of ``penstock.wire.openai_usage``.

``openai.types.CompletionUsage`` of the Python SDK 3.54 (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.usage import Usage


class InputDetails(msgspec.Struct, omit_defaults=True):
    """Tokens of the prompt by kind."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


class OutputDetails(msgspec.Struct, omit_defaults=True):
    """Tokens of the answer by kind."""

    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class UsageBody(msgspec.Struct, omit_defaults=True):
    """The object."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None


def usage_body(usage: Usage) -> UsageBody | None:
    """Return the object; None when too little was reported for one."""
    into, out, total = usage.input_tokens, usage.output_tokens, usage.total_tokens
    if into is None:
        if out is None or total is None:
            return None
        into = max(total - out, 0)
    elif out is None:
        if total is None:
            return None
        out = max(total - into, 0)
    cached, written, heard = usage.cached_input_tokens, usage.cache_creation_tokens, usage.audio_input_tokens
    reasoning, spoken = usage.reasoning_tokens, usage.audio_output_tokens
    return UsageBody(
        into,
        out,
        into + out if total is None else total,
        None if cached is None and written is None and heard is None else InputDetails(cached, written, heard),
        None if reasoning is None and spoken is None else OutputDetails(reasoning, spoken),
    )

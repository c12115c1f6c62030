"""The ``usage`` object of Cohere's chat.

https://docs.cohere.com/reference/chat and the types of Cohere's Python SDK 7.3 (read 2026-11-23). ``tokens`` are what
the model read and wrote, and are reported; ``billed_units`` leave out what Cohere itself put into the prompt, and stand
in only where there are no tokens. Counts are written as JSON numbers that may have a fraction. Cached tokens are part
of the input.
"""

from __future__ import annotations

import msgspec

from penstock.core.usage import UNREPORTED, Usage

_MOST_TOKENS = 2**63 - 1


class Counts(msgspec.Struct):
    """Counts of one kind."""

    input_tokens: float | None = None
    output_tokens: float | None = None


class UsageBody(msgspec.Struct):
    """The object."""

    tokens: Counts | None = None
    billed_units: Counts | None = None
    cached_tokens: float | None = None


def read_usage(body: UsageBody | None) -> Usage:
    """Return the counts that are reported."""
    if body is None:
        return UNREPORTED
    tokens, billed = body.tokens or _NO_COUNTS, body.billed_units or _NO_COUNTS
    return Usage(
        input_tokens=_first(tokens.input_tokens, billed.input_tokens),
        cached_input_tokens=_first(body.cached_tokens),
        output_tokens=_first(tokens.output_tokens, billed.output_tokens),
    )


_NO_COUNTS = Counts()


def _first(*counts: float | None) -> int | None:
    for count in counts:
        if count is not None and 0 <= count <= _MOST_TOKENS and count == int(count):
            return int(count)
    return None

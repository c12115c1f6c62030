"""Token counts of one attempt, by class.

Every field is ``None`` until the provider reported it: an explicit zero is a report, silence is not. Input counts are
whole: cached and cache-creation tokens are part of ``input_tokens`` (providers that report them apart are summed by
their wire module). Money is not here.
"""

from __future__ import annotations

from operator import is_

import msgspec


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens of one attempt; ``None`` means "not reported"."""

    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_creation_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    total_tokens: int | None = None


UNREPORTED = Usage()
"""What an attempt used when its provider said nothing."""


def later_counts(earlier: Usage, later: Usage) -> Usage:
    """Return the counts of ``later``, and those of ``earlier`` that it does not report."""
    if earlier is UNREPORTED or _unreported(earlier) == _unreported(later):
        return later
    return Usage(*[was if now is None else now for was, now in zip(_counts(earlier), _counts(later), strict=True)])


_counts = msgspec.structs.astuple
_NONE = (None,) * len(Usage.__struct_fields__)


def _unreported(usage: Usage) -> tuple[bool, ...]:
    """Say of each field whether it is missing; two reports that agree in it need no merging."""
    return tuple(map(is_, _counts(usage), _NONE))

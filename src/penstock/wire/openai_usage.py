"""The ``usage`` object of OpenAI's answers, read into :class:`penstock.core.usage.Usage`.

Chat completions, completions and embeddings carry the same object, and so do the "compatible" APIs of other vendors,
some with a count in another place. Such a vendor's file names the place with :func:`usage_reader`; the vocabulary and
the rules stay here. A count that is not a non-negative integer is "not reported", because an answer must still reach
the caller when its accounting is odd; an explicit zero is a report. Finding the object in an answer or in a stream is
not done here, and neither is estimating what was not reported.

OpenAI's own schema, as its Python SDK 3.54 states it: ``openai.types.CompletionUsage`` (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

from penstock.core.endpoint import JsonMap, UsageReader
from penstock.core.usage import Usage

Place = tuple[str, ...]
"""Member names from the usage object down to a count."""

USAGE_FIELDS: Mapping[str, tuple[Place, ...]] = MappingProxyType(
    {
        "input_tokens": (("prompt_tokens",),),
        "cached_input_tokens": (("prompt_tokens_details", "cached_tokens"),),
        "cache_creation_tokens": (
            ("prompt_tokens_details", "cache_write_tokens"),
            ("prompt_tokens_details", "cache_creation_input_tokens"),  # gateways in front of Anthropic models
        ),
        "output_tokens": (("completion_tokens",),),
        "reasoning_tokens": (("completion_tokens_details", "reasoning_tokens"),),
        "audio_input_tokens": (("prompt_tokens_details", "audio_tokens"),),
        "audio_output_tokens": (("completion_tokens_details", "audio_tokens"),),
        "total_tokens": (("total_tokens",),),
    }
)
"""Field of ``Usage`` to its places in the object; the first that reports a count wins."""

_MOST_TOKENS = 2**63 - 1


def usage_reader(**further: Place) -> UsageReader:
    """Return a reader that looks at ``further`` places for the fields that OpenAI's places do not report.

    ``usage_reader(cached_input_tokens=("cached_tokens",))`` is for a vendor that counts them beside ``prompt_tokens``.

    Raises:
        ValueError: ``further`` names a field that ``Usage`` does not have.
    """
    unknown = further.keys() - USAGE_FIELDS.keys()
    if unknown:
        msg = f"Usage has no field {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    also = ", ".join(f"``{'.'.join(place)}``" for place in further.values())
    table = [(name, (*places, further[name]) if name in further else places) for name, places in USAGE_FIELDS.items()]
    flat = [(name, place[0], place[1:]) for name, places in table for place in places]

    def read(usage: JsonMap) -> Usage:
        counts: dict[str, int] = {}
        for name, outer, inner in flat:  # this runs for every answer: written out, so that no call is made per place
            value = usage.get(outer)
            for step in inner:
                value = value.get(step) if isinstance(value, dict) else None
            if type(value) is int and 0 <= value <= _MOST_TOKENS and name not in counts:
                counts[name] = value
        return Usage(**counts)

    read.__doc__ = f"Read the object as OpenAI documents it{also and f', and {also} beside it'}."
    return read


read_openai_usage = usage_reader()
"""Reads the object as OpenAI documents it."""


Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST_TOKENS)]


class _InputDetails(msgspec.Struct):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    audio_tokens: Count | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: Count | None = None
    audio_tokens: Count | None = None


class PlainUsage(msgspec.Struct):
    """The object as OpenAI documents it, decoded in one step: what ``read_openai_usage`` reads, at a tenth of the cost.

    An object with a member of another type does not decode as this, and is then read member by member.
    """

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None

    def read(self) -> Usage:
        """Return the counts."""
        into = self.prompt_tokens_details or _NO_INPUT_DETAILS
        out = self.completion_tokens_details or _NO_OUTPUT_DETAILS
        written = into.cache_write_tokens
        return Usage(
            self.prompt_tokens,
            into.cached_tokens,
            into.cache_creation_input_tokens if written is None else written,
            self.completion_tokens,
            out.reasoning_tokens,
            into.audio_tokens,
            out.audio_tokens,
            self.total_tokens,
        )


_NO_INPUT_DETAILS = _InputDetails()
_NO_OUTPUT_DETAILS = _OutputDetails()


def read_usage_with_reasoning_apart(usage: JsonMap) -> Usage:
    """Read ``completion_tokens`` of a vendor that leaves reasoning out of them, though it is output and is billed.

    OpenAI's total is input plus output, and theirs counts the reasoning in; so where their total says more than the
    sum, output is what the total has beside the input. Without a total, output is the answer and the reasoning.
    """
    read = read_openai_usage(usage)
    answer = read.output_tokens or 0
    if read.total_tokens is None or read.input_tokens is None:
        output = answer + (read.reasoning_tokens or 0)
    else:
        output = read.total_tokens - read.input_tokens
    return msgspec.structs.replace(read, output_tokens=output) if output > answer else read


def read_count(usage: JsonMap, place: Place) -> int | None:
    """Return the count at ``place``; None when it is absent, or is no count that 63 bits can hold."""
    value: object = usage.get(place[0])
    for name in place[1:]:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    # ``type`` and not ``isinstance``: JSON's true is an int to Python
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None

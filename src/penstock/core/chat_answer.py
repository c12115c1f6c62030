"""The neutral chat form: an answer, and the events of a streamed one.

The blocks are those of ``penstock.core.chat``. Every chat format's answer is lifted to this and lowered from it. A
stream that has been lifted obeys the order below whatever its vendor does, so an encoder can rely on it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from penstock.core.chat import (
    Audio,
    Block,
    Citation,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    VendorBlock,
)
from penstock.core.usage import UNREPORTED, Usage

FinishReason = Literal[
    "stop",
    "stop_sequence",
    "length",
    "context_length",
    "tool_calls",
    "content_filter",
    "refusal",
    "guardrail",
    "pause",
    "malformed_tool_call",
    "error",
    "unknown",
]
"""Why an answer ended. ``length``: the token limit of the request; ``context_length``: that of the model. ``pause``:
the vendor wants the conversation sent again as it is. ``unknown``: a word outside the table, kept in ``word``."""


class TokenLogprob(msgspec.Struct, frozen=True):
    """One token of the answer with the alternatives that were considered."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top: tuple[TokenLogprob, ...] = ()


class Choice(msgspec.Struct):
    """One answer to the request; most requests ask for one."""

    index: int
    blocks: list[Block]
    finish: FinishReason
    word: str = ""
    """The vendor's own word for ``finish``."""
    stop_sequence: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    extras: dict[str, msgspec.Raw] = {}
    """What the vendor says of this choice alone: safety ratings, grounding."""


class ChatAnswer(msgspec.Struct):
    """A whole answer. ``created`` in Unix seconds, None where the vendor does not say."""

    id: str
    model: str
    choices: list[Choice]
    usage: Usage = UNREPORTED
    created: int | None = None
    service_tier: str | None = None
    vendor: str = ""
    extras: dict[str, msgspec.Raw] = {}


# --- the events of a stream, in the order they come
#
# Begin, then for each block BlockBegin, its deltas, BlockEnd; Finish for each choice; UsageReport at any time (a later
# one replaces what an earlier one reported, field by field); End when the upstream said that it has ended. Blocks of
# one choice do not overlap, except tool calls of formats that interleave them, with each other and with what follows
# them. Events that many of a stream are have nothing in them that could be part of a cycle, so the garbage collector
# need not know of them.


class Begin(msgspec.Struct, gc=False):
    """The answer has begun."""

    id: str
    model: str
    created: int | None = None
    service_tier: str | None = None


class BlockBegin(msgspec.Struct):
    """A block begins, with what is known of it already; its text is empty unless the vendor sends it whole."""

    choice: int
    index: int
    """Number of the block in its choice, from 0, without gaps."""
    block: Text | Thinking | RedactedThinking | Refusal | ToolCall | Image | Audio | VendorBlock


class TextDelta(msgspec.Struct, gc=False):
    """More text of a ``Text`` block."""

    choice: int
    index: int
    text: str
    logprobs: tuple[TokenLogprob, ...] | None = None


class ThinkingDelta(msgspec.Struct, gc=False):
    """More of a ``Thinking`` block."""

    choice: int
    index: int
    text: str


class SignatureDelta(msgspec.Struct, gc=False):
    """More of the signature of a ``Thinking`` (or, from Gemini, ``Text``) block."""

    choice: int
    index: int
    signature: str


class ArgumentsDelta(msgspec.Struct, gc=False):
    """More of the arguments of a ``ToolCall``: a fragment of JSON text."""

    choice: int
    index: int
    fragment: str


class RefusalDelta(msgspec.Struct, gc=False):
    """More of a ``Refusal``."""

    choice: int
    index: int
    text: str


class CitationDelta(msgspec.Struct):
    """A citation of the ``Text`` block so far."""

    choice: int
    index: int
    citation: Citation


class BlockEnd(msgspec.Struct, gc=False):
    """The block is complete."""

    choice: int
    index: int


class Finish(msgspec.Struct):
    """A choice has ended."""

    choice: int
    reason: FinishReason
    word: str = ""
    stop_sequence: str | None = None
    extras: dict[str, msgspec.Raw] = {}


class UsageReport(msgspec.Struct, gc=False):
    """Counts; fields that are None say nothing new."""

    usage: Usage
    service_tier: str | None = None


class Ping(msgspec.Struct, gc=False):
    """The upstream only shows that it is there."""


ErrorKind = Literal[
    "invalid_request",
    "context_length",
    "content_filter",
    "authentication",
    "permission",
    "not_found",
    "too_large",
    "rate_limit",
    "quota",
    "overloaded",
    "timeout",
    "server",
]
"""What a vendor's error means; each format has words of its own for these."""


class VendorError(msgspec.Struct):
    """What a provider said was wrong; of an error inside a stream, ``status`` is what it would have been."""

    kind: ErrorKind
    message: str
    status: int
    type: str | None = None
    """The vendor's own word (``ThrottlingException``, ``overloaded_error``)."""
    param: str | None = None
    retry_after_s: float | None = None
    """When to come back, where the vendor says so in the body rather than in a header."""


class StreamFailure(msgspec.Struct):
    """The upstream ends its stream in an error."""

    error: VendorError


class End(msgspec.Struct, gc=False):
    """The upstream has said that the answer is complete."""


ChatEvent = (
    Begin
    | BlockBegin
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | ArgumentsDelta
    | RefusalDelta
    | CitationDelta
    | BlockEnd
    | Finish
    | UsageReport
    | Ping
    | StreamFailure
    | End
)

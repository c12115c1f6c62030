"""What a caller must see for each fault of the simulator: one row each, for a whole answer and for a stream.

``docs/reference/faults.md`` is made from this table, and ``test_faults`` holds the gateway to it with the official
Python client. A fault without a row fails the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import openai


@dataclass(frozen=True, slots=True)
class Answered:
    """The whole answer, to its last word; ``finish_reason`` is what the caller reads of why it ended."""

    finish_reason: str | None = "stop"

    def __str__(self) -> str:
        return "the whole answer" + ("" if self.finish_reason else ", without a finish reason")


@dataclass(frozen=True, slots=True)
class Refused:
    """No part of an answer: an error of this class, with this status and code."""

    raised: type[openai.APIStatusError]
    status: int
    code: str | None
    retry_after: bool = False
    """Whether the answer says when to come back."""

    def __str__(self) -> str:
        code = f" `{self.code}`" if self.code else ""
        return f"`{self.raised.__name__}` {self.status}{code}" + (", with Retry-After" if self.retry_after else "")


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A part of the answer, then an error with this code: never an end."""

    code: str

    def __str__(self) -> str:
        return f"a part, then `APIError` `{self.code}`"


Outcome = Answered | Refused | BrokenOff


@dataclass(frozen=True, slots=True)
class Row:
    """What must be seen of one fault; ``stream`` is the same as ``whole`` where it is not given."""

    whole: Outcome
    stream: Outcome
    model: str
    """The model that is asked for, where it is not just ``fault-`` and the fault's name: with seconds, or by way of the
    backend whose waits are limited to one."""


def _row(whole: Outcome, stream: Outcome | None = None, *, model: str = "") -> Row:
    return Row(whole, stream or whole, model)


ANSWERED = Answered()
BROKE_OFF = Refused(openai.InternalServerError, 502, "upstream_broke_off")
INVALID = Refused(openai.InternalServerError, 502, "upstream_invalid")
TIMED_OUT = Refused(openai.InternalServerError, 504, "upstream_timeout")

ROWS: Mapping[str, Row] = MappingProxyType(
    {
        # Refusals are the provider's, and arrive as they are. Only a refusal of the gateway's own key is not.
        "400": _row(Refused(openai.BadRequestError, 400, "invalid_value")),
        "401": _row(Refused(openai.InternalServerError, 502, "upstream_credential_rejected")),
        "403": _row(Refused(openai.PermissionDeniedError, 403, "permission_denied")),
        "404": _row(Refused(openai.NotFoundError, 404, None)),
        "408": _row(Refused(openai.APIStatusError, 408, None)),
        "409": _row(Refused(openai.ConflictError, 409, None)),
        "413": _row(Refused(openai.APIStatusError, 413, "request_too_large")),
        "422": _row(Refused(openai.UnprocessableEntityError, 422, None)),
        "429": _row(Refused(openai.RateLimitError, 429, "rate_limit_exceeded", retry_after=True)),
        "500": _row(Refused(openai.InternalServerError, 500, None)),
        "502": _row(Refused(openai.InternalServerError, 502, None)),
        "503": _row(Refused(openai.InternalServerError, 503, None, retry_after=True), model="fault-503-2s"),
        "504": _row(Refused(openai.InternalServerError, 504, None)),
        "529": _row(Refused(openai.InternalServerError, 529, "overloaded")),
        "429-no-retry-after": _row(Refused(openai.RateLimitError, 429, "rate_limit_exceeded")),
        "429-retry-after-date": _row(Refused(openai.RateLimitError, 429, "rate_limit_exceeded", retry_after=True)),
        "429-quota": _row(Refused(openai.RateLimitError, 429, "insufficient_quota")),
        "unknown-model": _row(Refused(openai.NotFoundError, 404, "model_not_found")),
        "context-length": _row(Refused(openai.BadRequestError, 400, "context_length_exceeded")),
        "content-filter": _row(Refused(openai.BadRequestError, 400, "content_filter")),
        "refuses-prefill": _row(Refused(openai.BadRequestError, 400, "invalid_value")),
        "down-then-up": _row(Refused(openai.InternalServerError, 503, None), model="fault-down-600s-then-up"),
        # Answers that are not what they should be never look like success.
        "not-json": _row(INVALID),
        "html-502": _row(Refused(openai.InternalServerError, 502, "upstream_error")),
        "empty-body": _row(INVALID),
        "error-in-200": _row(Refused(openai.InternalServerError, 502, "502")),
        "huge-body": _row(ANSWERED),
        # Connections
        "close-before-headers": _row(BROKE_OFF),
        "reset-before-headers": _row(BROKE_OFF),
        "half-headers": _row(BROKE_OFF),
        "silent": _row(TIMED_OUT, model="impatient/fault-silent-600s"),
        "truncated-body": _row(BROKE_OFF, BrokenOff("upstream_broke_off")),
        "wrong-content-length": _row(INVALID, ANSWERED),  # of the stream, only the end of its last event is missing
        "two-content-lengths": _row(INVALID),
        "bad-chunk": _row(INVALID),
        "bad-status-line": _row(INVALID),
        "bad-header": _row(INVALID),
        "huge-header": _row(INVALID),
        "many-headers": _row(ANSWERED),
        "early-hints": _row(ANSWERED),
        "close-delimited": _row(ANSWERED),
        # Compression. A stream is asked for without; one that comes in brotli all the same cannot be followed.
        "gzip": _row(ANSWERED),
        "br": _row(ANSWERED, INVALID),
        "bad-gzip": _row(INVALID),
        "gzip-bomb": _row(INVALID),
        # Slowness within the limits is waited for; a stall beyond them is not.
        "slow-headers": _row(ANSWERED, model="fault-slow-headers-0.2s"),
        "slow-first-token": _row(ANSWERED, model="fault-slow-first-token-0.2s"),
        "slow-body": _row(ANSWERED, model="fault-slow-body-0.2s"),
        "stall-mid-stream": _row(
            TIMED_OUT, BrokenOff("upstream_timeout"), model="impatient/fault-stall-mid-stream-600s"
        ),
        # Streams that break. Most of these leave a whole answer alone.
        "cut-mid-stream": _row(BROKE_OFF, BrokenOff("upstream_broke_off")),
        "reset-mid-stream": _row(BROKE_OFF, BrokenOff("upstream_broke_off")),
        "end-mid-stream": _row(ANSWERED, BrokenOff("upstream_broke_off")),
        "half-event": _row(ANSWERED, BrokenOff("upstream_invalid")),
        "malformed-event": _row(INVALID, BrokenOff("upstream_invalid")),
        "no-done": _row(ANSWERED),
        "no-finish": _row(ANSWERED, Answered(finish_reason=None)),
        "no-usage": _row(ANSWERED),
        "error-event-mid-stream": _row(ANSWERED, BrokenOff("server_error")),
        "huge-event": _row(ANSWERED),
        # Streams that look unusual and are well-formed
        "crlf-events": _row(ANSWERED),
        "event-burst": _row(ANSWERED),
        "split-events": _row(ANSWERED),
        "comment-lines": _row(ANSWERED),
    }
)
"""Fault to what a caller must see."""

"""What an error of an OpenAI-speaking provider means.

OpenAI says it in ``error.code``, else in ``error.type``; compatible vendors often only in the status and in words, so a
prompt that is too long is also recognised by what they say of it. Shapes other than OpenAI's are read as
``openai_errors`` reads them.

https://developers.openai.com/api/docs/guides/error-codes (read 2026-11-23);
https://learn.microsoft.com/azure/foundry/openai/concepts/content-filter (read 2026-11-23).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.error_text import find_message, nothing_readable

CODES: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "context_length_exceeded": "context_length",
        "string_above_max_length": "context_length",
        "content_filter": "content_filter",
        "content_policy_violation": "content_filter",
        "invalid_api_key": "authentication",
        "authentication_error": "authentication",
        "insufficient_permissions": "permission",
        "permission_error": "permission",
        "unsupported_country_region_territory": "permission",
        "model_not_found": "not_found",
        "deploymentnotfound": "not_found",
        "not_found_error": "not_found",
        "rate_limit_exceeded": "rate_limit",
        "rate_limit_error": "rate_limit",
        "rate_limit_reached": "rate_limit",
        "insufficient_quota": "quota",
        "billing_hard_limit_reached": "quota",
        "overloaded_error": "overloaded",
        "engine_overloaded": "overloaded",
        "overloaded": "overloaded",
        "timeout": "timeout",
    }
)
"""``error.code`` or ``error.type``, in lower case, to what it means; the status says what these do not.

``server_error`` is not among them: OpenAI says it with 500 and with 503 alike.
"""

STATUSES: Mapping[int, ErrorKind] = MappingProxyType(
    {
        401: "authentication",
        402: "quota",
        403: "permission",
        404: "not_found",
        408: "timeout",
        413: "too_large",
        429: "rate_limit",
        503: "overloaded",
        504: "timeout",
        529: "overloaded",
    }
)
"""Status to what it means; another is ``invalid_request`` below 500, and ``server`` from there on."""

IN_STREAM: Mapping[ErrorKind, int] = MappingProxyType(
    {
        "invalid_request": 400,
        "context_length": 400,
        "content_filter": 400,
        "authentication": 401,
        "permission": 403,
        "not_found": 404,
        "too_large": 413,
        "rate_limit": 429,
        "quota": 429,
        "overloaded": 503,
        "timeout": 504,
        "server": 500,
    }
)
"""The status that an error inside a stream would have had."""

_TOO_LONG = re.compile(
    r"context (?:length|window)|maximum context|prompt is too long|too many (?:input )?tokens"
    r"|input (?:is too long|length)|exceeds? the (?:model's )?max(?:imum)? (?:model )?len",
    re.IGNORECASE,
)
_MESSAGE_LIMIT_CHARS = 4000


class _Error(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class _Body(msgspec.Struct):
    error: _Error


_decoder = msgspec.json.Decoder(_Body)
_DECODE_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def read_error(status: int, body: bytes, _headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an error answer says; its message may be the provider's text."""
    try:
        error = _decoder.decode(body).error
    except _DECODE_ERRORS:
        error = _Error()
    message = error.message or find_message(body) or nothing_readable(status)
    return _describe(error, message, status)


def read_error_event(said: dict[str, object] | str) -> VendorError:
    """Return what the ``error`` member of a chunk says."""
    try:
        error = msgspec.convert(said, _Error)
    except msgspec.ValidationError:
        error = _Error()
    message = error.message or find_message(msgspec.json.encode(said)) or "The provider ended its stream in an error."
    code = error.code
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdigit()) else 0
    if 400 <= status < 600:
        return _describe(error, message, status)
    found = _describe(error, message, 500)
    found.status = IN_STREAM[found.kind]
    return found


def _describe(error: _Error, message: str, status: int) -> VendorError:
    kind = _kind(error, message, status)
    word = error.type or (error.code if isinstance(error.code, str) else None)
    return VendorError(kind, message[:_MESSAGE_LIMIT_CHARS], status, word, error.param)


def _kind(error: _Error, message: str, status: int) -> ErrorKind:
    for word in (error.code, error.type):
        known = CODES.get(word.lower()) if isinstance(word, str) else None
        if known is not None:
            return known
    if status in {400, 413, 422, 500} and _TOO_LONG.search(message):
        return "context_length"
    return STATUSES.get(status, "invalid_request" if status < 500 else "server")

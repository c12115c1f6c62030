"""Errors of Cohere's API, of chat and of embeddings alike: ``{"id", "message"}`` and a status.

https://docs.cohere.com/reference/errors, the statuses of https://docs.cohere.com/reference/chat and those that the
Python SDK 7.3 has classes for (read 2026-11-23). The body has no code, so the status decides, and of a 400 the words
the page documents for it. Putting an error into a caller's format is not done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.error_text import nothing_readable, read_text

ERRORS: Mapping[int, ErrorKind] = MappingProxyType(
    {
        400: "invalid_request",
        401: "authentication",
        402: "quota",
        403: "permission",
        404: "not_found",
        408: "timeout",
        413: "too_large",
        422: "invalid_request",
        429: "rate_limit",
        498: "content_filter",  # a word in the request or the answer that is on a list of denied ones
        499: "timeout",
        500: "server",
        501: "invalid_request",
        503: "overloaded",
        504: "timeout",
    }
)
"""Status to what it means; others are ``server`` from 500 on, else ``invalid_request``."""

TOO_MANY_TOKENS = "too many tokens"
"""How the message of a 400 begins when prompt or inputs are too long; also when ``max_tokens`` is too high."""
_OF_THE_LIMIT = "max tokens must be"
_MESSAGE_LIMIT_CHARS = 4000


class _Body(msgspec.Struct):
    message: str


_body = msgspec.json.Decoder(_Body)


def read_error(status: int, body: bytes, _headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an error answer says, whatever its body is."""
    try:
        message = _body.decode(body).message
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        message = read_text(body) or ""
    return VendorError(
        kind=kind_of(status, message),
        message=message[:_MESSAGE_LIMIT_CHARS] or nothing_readable(status),
        status=status,
    )


def kind_of(status: int, message: str) -> ErrorKind:
    """Return what a status with a message means."""
    if status == 400 and message.startswith(TOO_MANY_TOKENS) and _OF_THE_LIMIT not in message:
        return "context_length"
    return ERRORS.get(status, "server" if status >= 500 else "invalid_request")

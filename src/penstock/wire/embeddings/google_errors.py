"""Errors of Google's APIs: ``{"error": {"code", "message", "status", "details"}}``.

https://cloud.google.com/apis/design/errors (read 2026-11-23). Putting an error into a caller's format is not done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError

ERRORS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "INVALID_ARGUMENT": "invalid_request",
        "FAILED_PRECONDITION": "invalid_request",
        "OUT_OF_RANGE": "invalid_request",
        "UNAUTHENTICATED": "authentication",
        "PERMISSION_DENIED": "permission",
        "NOT_FOUND": "not_found",
        "ALREADY_EXISTS": "invalid_request",
        "RESOURCE_EXHAUSTED": "rate_limit",
        "ABORTED": "server",
        "CANCELLED": "timeout",
        "DATA_LOSS": "server",
        "UNKNOWN": "server",
        "INTERNAL": "server",
        "UNIMPLEMENTED": "invalid_request",
        "UNAVAILABLE": "overloaded",
        "DEADLINE_EXCEEDED": "timeout",
    }
)
"""Canonical status to what it means; of others the HTTP status decides."""

STATUSES: Mapping[int, ErrorKind] = MappingProxyType(
    {
        401: "authentication",
        403: "permission",
        404: "not_found",
        408: "timeout",
        413: "too_large",
        429: "rate_limit",
        503: "overloaded",
        504: "timeout",
    }
)

BAD_KEY = "API_KEY_INVALID"
"""Reason in the details of what else would look like a bad request."""

_MESSAGE_LIMIT_CHARS = 4000


class _Detail(msgspec.Struct):
    reason: str | None = None


class _Error(msgspec.Struct):
    message: str = ""
    status: str | None = None
    details: list[_Detail] = []


class _Body(msgspec.Struct):
    error: _Error


_body = msgspec.json.Decoder(_Body)


def read_error(status: int, body: bytes, _headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an error answer says, whatever its body is."""
    try:
        error = _body.decode(body).error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        error = _Error(body[:_MESSAGE_LIMIT_CHARS].decode("utf-8", "replace").strip())
    kind = ERRORS.get(error.status or "") or STATUSES.get(status, "server" if status >= 500 else "invalid_request")
    if any(detail.reason == BAD_KEY for detail in error.details):
        kind = "authentication"
    return VendorError(
        kind=kind,
        message=error.message[:_MESSAGE_LIMIT_CHARS] or f"Google answered with status {status} and no message.",
        status=status,
        type=error.status,
    )

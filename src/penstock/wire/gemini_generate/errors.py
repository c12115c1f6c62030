"""Errors of Google's APIs: what they mean and what they say.

``{"error": {"code", "message", "status", "details"}}`` (https://google.aip.dev/193, read 2026-11-23), which some
addresses wrap in a list. Details say more than the status word: a bad key of AI Studio is an INVALID_ARGUMENT with the
reason API_KEY_INVALID, and a RESOURCE_EXHAUSTED is a quota when the limit that was passed is one of a day or of money.
When to come back is a detail too (``RetryInfo``), where others send a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.error_text import nothing_readable, read_text
from penstock.wire.gemini_generate.vocabulary import ERRORS, ERRORS_BY_REASON, ERRORS_BY_STATUS

_TOO_LONG = re.compile(r"exceeds the maximum number of (?:input )?tokens|input token count .* exceeds", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")
_LONG_LIMIT = re.compile(r"per_?day|per_?month|billing|credit|spend", re.IGNORECASE)


class _Violation(msgspec.Struct, rename="camel"):
    field: str | None = None
    quota_id: str | None = None
    quota_metric: str | None = None
    subject: str | None = None


class _Detail(msgspec.Struct, rename="camel"):
    reason: str | None = None
    violations: list[_Violation] | None = None
    field_violations: list[_Violation] | None = None
    retry_delay: str | None = None


class GoogleError(msgspec.Struct):
    """The ``error`` object."""

    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: msgspec.Raw = msgspec.Raw(b"")


class _Body(msgspec.Struct):
    error: GoogleError


_body = msgspec.json.Decoder(_Body)
_bodies = msgspec.json.Decoder(list[_Body])
_detail = msgspec.json.Decoder(_Detail)
_details = msgspec.json.Decoder(list[msgspec.Raw])


def read_error(status: int, body: bytes, _headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an error answer means; of a body that is not Google's, its text is the message."""
    found = _decode(body)
    if found is None:
        return VendorError(_kind_of_status(status), read_text(body) or nothing_readable(status), status)
    return as_vendor_error(found, status)


def as_vendor_error(error: GoogleError, status: int | None = None) -> VendorError:
    """Return what an ``error`` object means; its own ``code`` is the status where there is no answer's."""
    answered = status or (error.code if error.code is not None and 400 <= error.code <= 599 else 500)
    details = _read_details(error.details)
    message = error.message or nothing_readable(answered)
    return VendorError(
        _kind(error, answered, message, details),
        message,
        answered,
        error.status or None,
        _field_at_fault(details),
        _wait_s(details),
    )


def _decode(body: bytes) -> GoogleError | None:
    try:
        return _body.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return next((each.error for each in _bodies.decode(body)), None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read_details(raw: msgspec.Raw) -> list[_Detail]:
    """Return the details that are of a kind we read."""
    try:
        listed = _details.decode(raw) if bytes(raw) else []
    except msgspec.DecodeError:
        return []
    found: list[_Detail] = []
    for detail in listed:
        try:
            found.append(_detail.decode(detail))
        except msgspec.DecodeError:
            continue
    return found


def _kind(error: GoogleError, status: int, message: str, details: list[_Detail]) -> ErrorKind:
    for detail in details:
        if detail.reason is not None and detail.reason in ERRORS_BY_REASON:
            return ERRORS_BY_REASON[detail.reason]
    kind = ERRORS.get(error.status or "") or _kind_of_status(status)
    if kind == "invalid_request" and _TOO_LONG.search(message):
        return "context_length"
    if kind == "rate_limit" and any(_is_long_limit(detail) for detail in details):
        return "quota"
    return kind


def _kind_of_status(status: int) -> ErrorKind:
    return ERRORS_BY_STATUS.get(status, "invalid_request" if status < 500 else "server")


def _is_long_limit(detail: _Detail) -> bool:
    """Whether a limit was passed that waiting some seconds does not help."""
    names = [name for each in detail.violations or () for name in (each.quota_id, each.subject) if name]
    return any(_LONG_LIMIT.search(name) for name in names)


def _field_at_fault(details: list[_Detail]) -> str | None:
    fields = [each.field for detail in details for each in detail.field_violations or () if each.field]
    return fields[0] if fields else None


def _wait_s(details: list[_Detail]) -> float | None:
    """Return the delay that a ``RetryInfo`` asks for, in seconds."""
    found = (_DURATION.fullmatch(detail.retry_delay) for detail in details if detail.retry_delay is not None)
    return next((float(match[1]) for match in found if match is not None), None)

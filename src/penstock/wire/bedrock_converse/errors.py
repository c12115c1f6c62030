"""What Bedrock says is wrong: whole error answers, and exceptions inside a stream.

The exception's name is in the header ``x-amzn-errortype`` (``ValidationException:http://internal...``) or in the body's
``__type``; its text in ``message`` or ``Message``. https://docs.aws.amazon.com/bedrock/latest/APIReference/
CommonErrors.html and .../userguide/troubleshooting-api-error-codes.html (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.bedrock_converse.vocabulary import (
    ERROR_KINDS,
    FILTERED,
    STREAM_ERROR_STATUSES,
    TOO_LONG,
)
from penstock.wire.error_text import nothing_readable, read_text, says_key_is_refused
from penstock.wire.status_kinds import kind_of_status


class _Error(msgspec.Struct, rename={"kind": "__type", "capital_message": "Message"}):
    message: str | None = None
    capital_message: str | None = None
    kind: str | None = None
    original_status_code: int | None = msgspec.field(default=None, name="originalStatusCode")
    original_message: str | None = msgspec.field(default=None, name="originalMessage")


_decoder = msgspec.json.Decoder(_Error)


def read_error(status: int, body: bytes, headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an error answer says; never raises."""
    error = _read(body)
    named = headers.get(b"x-amzn-errortype", b"").decode("latin-1") or (error.kind or "")
    name = named.split(":", 1)[0].rpartition("#")[2].strip()
    message = error.message or error.capital_message or ""
    if not message and error is _NOT_JSON:
        message = read_text(body) or ""
    return _error(name, message, status)


def read_exception(name: str, payload: bytes) -> VendorError:
    """Return the error that an exception inside a stream is (``throttlingException``)."""
    error = _read(payload)
    message = error.message or error.capital_message or error.original_message or ""
    status = STREAM_ERROR_STATUSES.get(name.lower(), 500)
    return _error(name, message, status)


def _read(body: bytes) -> _Error:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _NOT_JSON


_NOT_JSON = _Error()


def _error(name: str, message: str, status: int) -> VendorError:
    kind: ErrorKind = ERROR_KINDS.get(name.lower()) or kind_of_status(status)
    if status == 401 or (kind == "permission" and says_key_is_refused(message)):
        kind = "authentication"
    if kind == "invalid_request":
        if TOO_LONG.search(message):
            kind = "context_length"
        elif FILTERED.search(message):
            kind = "content_filter"
    return VendorError(kind, message or nothing_readable(status), status, name or None)

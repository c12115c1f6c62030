"""Anthropic's error object for callers: rendering our errors and vendors', and adopting what is not that object.

``{"type": "error", "error": {"type", "message"}, "request_id"}`` (https://platform.claude.com/docs/en/api/errors, read
2026-11-23). Our stable code stands in ``error.details.error_code``, where the Python SDK 2.12 looks for one. The object
has no member for the field at fault, so the message begins with its path, spelled as Anthropic spells it
(``messages.0.content.1``). Hosts of Claude answer errors in shapes of their own (Google's, AWS's); a caller of this
format gets none of those. Reading an upstream's error for callers of other formats is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat_answer import VendorError
from penstock.core.errors import GatewayError
from penstock.wire.anthropic_messages.vocabulary import ERROR_TYPES, ErrorType
from penstock.wire.error_text import find_message
from penstock.wire.status_kinds import kind_of_status

OWN_ERROR_TYPES: Mapping[int, ErrorType] = MappingProxyType(
    {
        408: "invalid_request_error",  # the caller was slow, not the model
        502: "api_error",
        503: "overloaded_error",
    }
)
"""Status of an error of ours to ``error.type``, where it is not what the same status of a vendor means."""

PROMPT_TOO_LONG = "prompt is too long"
"""How Anthropic's message on a full context begins; clients that shorten their history look for it."""

_MESSAGE_LIMIT_CHARS = 4000
_INDEX = re.compile(r"\[(\d+)\]")


class Details(msgspec.Struct, frozen=True):
    """What a program may branch on."""

    error_code: str


class ErrorObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """The object under ``error``."""

    type: str
    message: str
    details: Details | None = None


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True, tag="error"):
    """A whole error."""

    error: ErrorObject
    request_id: str | None = None


def render_error(error: GatewayError, request_id: str) -> bytes:
    """Render one of our errors as a body."""
    kind = OWN_ERROR_TYPES.get(error.status) or ERROR_TYPES[kind_of_status(error.status)]
    shown = ErrorObject(kind, _with_path(error.message, error.param), Details(error.code))
    return msgspec.json.encode(ErrorBody(shown, request_id or None))


def render_error_event(error: GatewayError, request_id: str) -> bytes:
    """Render one of our errors as an event of a stream that has begun."""
    return error_event(render_error(error, request_id))


def render_vendor_error(error: VendorError, request_id: str) -> bytes:
    """Render an error of a provider of another format as a body."""
    return msgspec.json.encode(ErrorBody(vendor_error_object(error), request_id or None))


def vendor_error_object(error: VendorError) -> ErrorObject:
    """Return the object under ``error`` for a provider's error.

    Its ``param`` is not told: it is a path in a body that the caller has never seen.
    """
    message = error.message[:_MESSAGE_LIMIT_CHARS]
    if error.kind == "context_length" and PROMPT_TOO_LONG not in message.lower():
        message = f"{PROMPT_TOO_LONG}: {message}"
    details = Details(error.kind) if error.kind in {"context_length", "content_filter"} else None
    return ErrorObject(ERROR_TYPES[error.kind], message, details)


def error_event(body: bytes) -> bytes:
    """Frame an error body as an event."""
    return b"event: error\ndata: " + body + b"\n\n"


def adopt_error(status: int, body: bytes, backend: str) -> bytes:
    """Return an upstream's error body as it is, or put another shape (other JSON, HTML, nothing) into Anthropic's.

    The upstream's own message is kept when one is found.
    """
    decoded = _decode(body)
    if _is_error_object(decoded):
        return body
    message = find_message(body)
    if message is None:
        message = f"The backend '{backend}' answered with status {status} and no readable error."
    shown = ErrorObject(ERROR_TYPES[kind_of_status(status)], message[:_MESSAGE_LIMIT_CHARS], Details("upstream_error"))
    return msgspec.json.encode(ErrorBody(shown))


def _with_path(message: str, param: str | None) -> str:
    """Put the path of the field at fault in front, unless the message names it."""
    if not param:
        return message
    path = _INDEX.sub(r".\1", param)
    return message if path in message or param in message else f"{path}: {message}"


def _decode(body: bytes) -> object:
    """Return the JSON of a body, None when it is none."""
    try:
        decoded: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return decoded


def _is_error_object(decoded: object) -> bool:
    if not isinstance(decoded, dict) or decoded.get("type") != "error":
        return False
    error = decoded.get("error")
    return isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("type", "message"))

"""OpenAI's error object: rendering ours, and reading what "compatible" providers send instead.

``{"error": {"message", "type", "param", "code"}}`` (OpenAI API reference, "Error codes", read 2026-11-23; the Python
SDK 3.54 builds its exceptions from status and these fields). Providers that call themselves compatible answer errors in
other shapes; a client's SDK would show those as an unreadable body, so they are put into this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.errors import GatewayError
from penstock.wire.error_text import find_message
from penstock.wire.framing.sse import render_event

TYPES: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_request_error",
        401: "invalid_request_error",
        403: "invalid_request_error",
        404: "invalid_request_error",
        405: "invalid_request_error",
        408: "invalid_request_error",
        409: "invalid_request_error",
        413: "invalid_request_error",
        415: "invalid_request_error",
        417: "invalid_request_error",
        422: "invalid_request_error",
        429: "rate_limit_error",
        431: "invalid_request_error",
        501: "invalid_request_error",
        505: "invalid_request_error",
    }
)
"""HTTP status to ``error.type``; anything else is :data:`SERVER_ERROR`."""

SERVER_ERROR = "server_error"
_MESSAGE_LIMIT_CHARS = 4000
_DESCRIPTION_LIMIT_CHARS = 500


class ErrorBody(msgspec.Struct, frozen=True):
    """The object under ``error``."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None
    request_id: str | None = None


def error_type(status: int) -> str:
    """Return the ``error.type`` that goes with a status."""
    return TYPES.get(status, SERVER_ERROR)


def render_error(error: GatewayError, request_id: str) -> bytes:
    """Render one of our errors as a body."""
    body = ErrorBody(error.message, error_type(error.status), error.param, error.code, request_id or None)
    return msgspec.json.encode({"error": body})


def render_error_event(error: GatewayError, request_id: str) -> bytes:
    """Render one of our errors as an event of a stream that has begun; clients raise on its ``error`` member."""
    return render_event(render_error(error, request_id))


def _is_error_object(body: bytes) -> bool:
    """Say whether a body is already OpenAI's error object, with a message in it."""
    try:
        decoded: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    error = decoded.get("error") if isinstance(decoded, dict) else None
    return isinstance(error, dict) and isinstance(error.get("message"), str)


def describe_error(error: object) -> str:
    """Return what the ``error`` member of an answer says, in short and for the log."""
    text = error.get("message") or error.get("code") or error if isinstance(error, dict) else error
    return str(text)[:_DESCRIPTION_LIMIT_CHARS]


def adopt_error(status: int, body: bytes, backend: str) -> bytes:
    """Return an upstream's error body as it is, or put another shape (other JSON, HTML, nothing) into OpenAI's object.

    The upstream's own message is kept when one is found.
    """
    if _is_error_object(body):
        return body
    message = find_message(body)
    if message is None:
        message = f"The backend '{backend}' answered with status {status} and no readable error."
    return msgspec.json.encode(
        {"error": ErrorBody(message[:_MESSAGE_LIMIT_CHARS], error_type(status), code="upstream_error")}
    )

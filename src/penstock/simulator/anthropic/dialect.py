"""Errors and broken events as Anthropic has them.

https://platform.claude.com/docs/en/api/errors and .../build-with-claude/streaming (read 2026-11-23).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.simulator.dialect import Dialect, has, pad_line, without_member
from penstock.simulator.native import worded
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import JSON, Headers

ERROR_TYPES: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_request_error",
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        500: "api_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
)
"""``type`` by status; other refusals are ``invalid_request_error``, other failures ``api_error``."""

WORDINGS: Mapping[str, str] = MappingProxyType(
    {
        "missing_required_parameter": "{place}: Field required",
        "unknown_member": "{place}: Extra inputs are not permitted",
        "context_length_exceeded": "prompt is too long: {tokens} tokens > {window} maximum",
        "content_filter": "Output blocked by content filtering policy",
        "model_not_found": "model: {message}",
        "overloaded": "Overloaded",
        "missing_credentials": "x-api-key header is required",
        "invalid_credentials": "invalid x-api-key",
    }
)
"""A refusal's text by its code; others are put behind their place."""

_INDEX = re.compile(r"\[(\d+)\]")


def error_members(error: VendorError) -> dict[str, object]:
    """Return the error object."""
    kind = ERROR_TYPES.get(error.status) or ("invalid_request_error" if error.status < 500 else "api_error")
    place = _INDEX.sub(r".\1", error.param or "")
    text = worded(error, WORDINGS, place)
    if place and error.code not in WORDINGS and not text.startswith(place):
        text = f"{place}: {text}"
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": None}


def write_error(error: VendorError) -> tuple[Headers, bytes]:
    """Return headers and body of an error answer."""
    return JSON, msgspec.json.encode(error_members(error))


def event(kind: str, data: bytes) -> bytes:
    """Return one event of a stream, its data being JSON."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


ANTHROPIC = Dialect(
    write_error=write_error,
    write_error_event=lambda error: event("error", msgspec.json.encode(error_members(error))),
    malformed_event=event("content_block_delta", b'{"type":"content_block_delta","index":0,"delta":{"type":"text_del'),
    says_finish=has(b'"stop_reason":"'),
    without_usage=without_member("usage"),
    usage_member="usage",
    pad_event=pad_line,
)

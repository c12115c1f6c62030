"""Errors and broken events as Cohere has them: ``{"id", "message"}``, and in a stream the last event.

https://docs.cohere.com/reference/errors and https://docs.cohere.com/docs/streaming (read 2026-11-23).
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

WORDINGS: Mapping[str, str] = MappingProxyType(
    {
        "missing_required_parameter": "invalid request: {place} is required",
        "unknown_member": "unknown field: parameter '{place}' is not a valid field",
        "context_length_exceeded": (
            "too many tokens: total number of tokens in the prompt cannot exceed {window} - received {tokens}. Try "
            "using a shorter prompt, or enable prompt truncating."
        ),
        "missing_credentials": "no api key supplied",
        "invalid_credentials": "invalid api token",
        "rate_limit_exceeded": "You are past the per minute request limit, please wait and try again later.",
    }
)
_INDEX = re.compile(r"\[(\d+)\]")


def text_of(error: VendorError) -> str:
    """Return the message of an error."""
    text = worded(error, WORDINGS, _INDEX.sub(r".\1", error.param or ""))
    is_ours = error.status == 400 and (error.code or "") not in WORDINGS
    return f"invalid request: {text}" if is_ours else text


def write_error(error: VendorError) -> tuple[Headers, bytes]:
    """Return headers and body of an error answer."""
    return JSON, msgspec.json.encode({"id": "simulated", "message": text_of(error)})


def event(members: dict[str, object]) -> bytes:
    """Return one event of a stream; its type is its name."""
    return b"event: %b\ndata: %b\n\n" % (str(members["type"]).encode(), msgspec.json.encode(members))


def _error_event(error: VendorError) -> bytes:
    return event({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": text_of(error)}})


COHERE = Dialect(
    write_error=write_error,
    write_error_event=_error_event,
    malformed_event=b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"mess\n\n',
    says_finish=has(b'"finish_reason":'),
    without_usage=without_member("usage"),
    usage_member="usage",
    pad_event=pad_line,
)

"""Errors and broken events as Google has them.

https://cloud.google.com/apis/design/errors and https://ai.google.dev/api/generate-content (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.simulator.dialect import Dialect, has, pad_line, without_member
from penstock.simulator.native import worded
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import JSON, Headers

API_KEY_INVALID = "API_KEY_INVALID"
"""Reason of a refusal that by its status word alone is a wrong argument."""
STATUSES: Mapping[int, str] = MappingProxyType(
    {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        409: "ABORTED",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }
)
"""``status`` by HTTP status; other refusals are ``FAILED_PRECONDITION``, other failures ``UNKNOWN``."""

WORDINGS: Mapping[str, str] = MappingProxyType(
    {
        "missing_required_parameter": "* GenerateContentRequest.{place}: {place} is not specified\n",
        "context_length_exceeded": (
            "The input token count ({tokens}) exceeds the maximum number of tokens allowed ({window})."
        ),
        "rate_limit_exceeded": "Resource has been exhausted (e.g. check quota).",
        "overloaded": "The model is overloaded. Please try again later.",
    }
)


def error_members(error: VendorError) -> dict[str, object]:
    """Return the error object."""
    status = STATUSES.get(error.status) or ("FAILED_PRECONDITION" if error.status < 500 else "UNKNOWN")
    members: dict[str, object] = {
        "code": error.status,
        "message": worded(error, WORDINGS, error.param or ""),
        "status": status,
    }
    if error.code == API_KEY_INVALID:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        members["details"] = [{"@type": kind, "reason": API_KEY_INVALID, "domain": "googleapis.com"}]
    wait = dict(error.headers).get(b"retry-after")
    if wait is not None and wait.isdigit():
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        members["details"] = [{"@type": kind, "retryDelay": f"{wait.decode()}s"}]
    return {"error": members}


def write_error(error: VendorError) -> tuple[Headers, bytes]:
    """Return headers and body of an error answer."""
    return JSON, msgspec.json.encode(error_members(error))


GEMINI = Dialect(
    write_error=write_error,
    write_error_event=lambda error: b"data: %b\r\n\r\n" % msgspec.json.encode(error_members(error)),
    malformed_event=b'data: {"candidates": [{"content": {"parts": [{"te\r\n\r\n',
    says_finish=has(b'"finishReason"'),
    without_usage=without_member("usageMetadata"),
    usage_member="usageMetadata",
    pad_event=pad_line,
    blocked=msgspec.json.encode(
        {
            "promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []},
            "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1},
            "modelVersion": "simulated",
        }
    ),
)

"""Errors of Bedrock's InvokeModel: an exception's name in a header, its text in the body.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_Errors
(read 2026-11-23). Putting an error into a caller's format is not done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError

ERRORS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "ValidationException": "invalid_request",
        "AccessDeniedException": "permission",
        "UnrecognizedClientException": "authentication",
        "InvalidSignatureException": "authentication",
        "IncompleteSignatureException": "authentication",
        "MissingAuthenticationTokenException": "authentication",
        "ExpiredTokenException": "authentication",
        "ResourceNotFoundException": "not_found",
        "ThrottlingException": "rate_limit",
        "ServiceQuotaExceededException": "quota",
        "ModelTimeoutException": "timeout",
        "ModelNotReadyException": "overloaded",
        "ServiceUnavailableException": "overloaded",
        "InternalServerException": "server",
        "ModelErrorException": "server",
    }
)
"""Exception to what it means; of others the status decides."""

STATUSES: Mapping[int, ErrorKind] = MappingProxyType(
    {401: "authentication", 403: "permission", 404: "not_found", 408: "timeout", 413: "too_large", 429: "rate_limit"}
)

TOO_LONG = ("too many input tokens", "expected maxlength", "maximum input token length")
"""What Titan's and Cohere's messages say of a text that is too long, in lower case."""

_MESSAGE_LIMIT_CHARS = 4000


class _Body(msgspec.Struct):
    message: str | None = None
    Message: str | None = None


_body = msgspec.json.Decoder(_Body)


def read_error(status: int, body: bytes, headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an error answer says, whatever its body is."""
    try:
        found = _body.decode(body)
        message = found.message or found.Message or ""
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        message = body[:_MESSAGE_LIMIT_CHARS].decode("utf-8", "replace").strip()
    # https://smithy.io: the name may be followed by a URL and preceded by a namespace
    word = headers.get(b"x-amzn-errortype", b"").decode("latin-1").partition(":")[0].rpartition("#")[2]
    kind = ERRORS.get(word) or STATUSES.get(status, "server" if status >= 500 else "invalid_request")
    if kind == "invalid_request" and any(words in message.lower() for words in TOO_LONG):
        kind = "context_length"
    return VendorError(
        kind=kind,
        message=message[:_MESSAGE_LIMIT_CHARS] or f"Bedrock answered with status {status} and no message.",
        status=status,
        type=word or None,
    )

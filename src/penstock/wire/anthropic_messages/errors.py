"""What an upstream of this format says when it refuses: its own errors, and those of the hosts that serve Claude.

Anthropic answers ``{"type": "error", "error": {"type", "message"}}`` (https://platform.claude.com/docs/en/api/errors);
Vertex AI Google's ``{"error": {"code", "message", "status"}}`` (https://cloud.google.com/apis/design/errors); Bedrock
``{"message"}`` with the exception in ``x-amzn-errortype``
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html); what stands in front of them,
plain text or a page (all read 2026-11-23). None of these carries a word for "the prompt is too long" or "blocked": that
is read from the message. Rendering for a caller is not done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.anthropic_messages.vocabulary import ERROR_KINDS, ERROR_STATUSES
from penstock.wire.error_text import nothing_readable, read_text, says_key_is_refused
from penstock.wire.status_kinds import kind_of_status

HOST_ERROR_KINDS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        # Google's codes (google.rpc)
        "INVALID_ARGUMENT": "invalid_request",
        "FAILED_PRECONDITION": "invalid_request",
        "OUT_OF_RANGE": "invalid_request",
        "UNAUTHENTICATED": "authentication",
        "PERMISSION_DENIED": "permission",
        "NOT_FOUND": "not_found",
        "RESOURCE_EXHAUSTED": "rate_limit",
        "DEADLINE_EXCEEDED": "timeout",
        "UNAVAILABLE": "overloaded",
        "INTERNAL": "server",
        # AWS: exceptions of the Bedrock runtime, and of what checks signatures in front of it
        "ValidationException": "invalid_request",
        "AccessDeniedException": "permission",
        "ResourceNotFoundException": "not_found",
        "ThrottlingException": "rate_limit",
        "ServiceQuotaExceededException": "quota",
        "ModelTimeoutException": "timeout",
        "ModelErrorException": "server",
        "ModelStreamErrorException": "server",
        "ModelNotReadyException": "overloaded",
        "InternalServerException": "server",
        "ServiceUnavailableException": "overloaded",
        "UnrecognizedClientException": "authentication",
        "InvalidSignatureException": "authentication",
        "IncompleteSignatureException": "authentication",
        "MissingAuthenticationTokenException": "authentication",
        "ExpiredTokenException": "authentication",
    }
)
"""Words of the hosts; of another word the status says what it means."""

CONTEXT_LENGTH_PHRASES = (
    "prompt is too long",
    "input is too long for requested model",
    "exceed context limit",
    "exceeds the context window",
    "context window exceeded",
    "maximum context length",
)
CONTENT_FILTER_PHRASES = ("content filtering policy", "blocked by content filter", "blocked by the content filter")
QUOTA_PHRASES = ("credit balance is too low", "spend limit", "usage limits")

_MESSAGE_LIMIT_CHARS = 4000
_OBJECT: msgspec.json.Decoder[object] = msgspec.json.Decoder(object)


def read_error(status: int, body: bytes, headers: Mapping[bytes, bytes]) -> VendorError:
    """Return what an answer with an error status says; its status stays as it is."""
    found = _decode(body)
    message, word = (read_text(body), None) if found is None else _anthropic_or_google(found)
    word = _aws_word(headers, found) or word
    if not message:
        message = nothing_readable(status)
    kind = _kind(word, message, status)
    return VendorError(kind, message[:_MESSAGE_LIMIT_CHARS], status, word)


def error_in_stream(error: object) -> VendorError:
    """Return what the ``error`` member of a stream's event says; its status is what it would have been."""
    message, word = _anthropic_or_google({"error": error})
    kind = _kind(word, message or "", 500)
    return VendorError(
        kind,
        (message or "The provider ended the answer in an error.")[:_MESSAGE_LIMIT_CHARS],
        ERROR_STATUSES[kind],
        word,
    )


def _kind(word: str | None, message: str, status: int) -> ErrorKind:
    kind = ERROR_KINDS.get(word or "") or HOST_ERROR_KINDS.get(word or "") or kind_of_status(status)
    if status == 401 or (kind == "permission" and says_key_is_refused(message)):
        return "authentication"
    text = message.lower()
    if kind in {"invalid_request", "too_large"} and any(phrase in text for phrase in CONTEXT_LENGTH_PHRASES):
        return "context_length"
    if kind in {"invalid_request", "permission"} and any(phrase in text for phrase in CONTENT_FILTER_PHRASES):
        return "content_filter"
    if kind in {"invalid_request", "permission", "rate_limit"} and any(phrase in text for phrase in QUOTA_PHRASES):
        return "quota"
    return kind


def _decode(body: bytes) -> dict[str, object] | None:
    """Return the JSON object of a body, empty for other JSON; None when it is not JSON at all.

    Google sends some of its errors as a list of one.
    """
    try:
        decoded = _OBJECT.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if isinstance(decoded, list) and decoded:
        decoded = decoded[0]
    return decoded if isinstance(decoded, dict) else {"error": decoded}


def _anthropic_or_google(found: dict[str, object]) -> tuple[str | None, str | None]:
    """Return message and word of an error object; of a flat one, what is under the usual names."""
    error = found.get("error", found)
    if isinstance(error, str):
        return error, None
    if not isinstance(error, dict):
        return None, None
    message = next((error[name] for name in ("message", "Message", "detail") if isinstance(error.get(name), str)), None)
    word = next((error[name] for name in ("type", "status") if isinstance(error.get(name), str)), None)
    return message, word


def _aws_word(headers: Mapping[bytes, bytes], found: dict[str, object] | None) -> str | None:
    """Return AWS's name of the exception: ``ValidationException:http://...``, ``com.amazon...#Validation...``."""
    said: object = headers.get(b"x-amzn-errortype", b"").decode("latin-1")
    if not said and found is not None:
        said = found.get("__type")
    if not isinstance(said, str) or not said:
        return None
    return said.partition(":")[0].rpartition("#")[2]

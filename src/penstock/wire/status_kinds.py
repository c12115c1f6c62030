"""What the HTTP status of an error answer means when its body does not say more, at Anthropic and on Bedrock alike."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.chat_answer import ErrorKind

KINDS_OF_STATUSES: Mapping[int, ErrorKind] = MappingProxyType(
    {
        400: "invalid_request",
        401: "authentication",
        402: "quota",
        403: "permission",
        404: "not_found",
        408: "timeout",
        413: "too_large",
        424: "server",  # Bedrock: the model could not process the request (ModelErrorException)
        429: "rate_limit",
        500: "server",
        502: "server",
        503: "overloaded",
        504: "timeout",
        529: "overloaded",
    }
)


def kind_of_status(status: int) -> ErrorKind:
    """Return what a status means; of one that is not in the table, only whose fault it is."""
    known = KINDS_OF_STATUSES.get(status)
    if known is not None:
        return known
    return "invalid_request" if 400 <= status < 500 else "server"

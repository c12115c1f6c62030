"""Errors in the shape that OpenAI gives them.

The body is ``{"error": {"message", "type", "param", "code"}}`` with the vendor's types and codes, so that an SDK raises
the class it would raise. Every message says that it is simulated. Which error to raise is up to the readers of requests
and to the fault table.

https://developers.openai.com/api/docs/guides/error-codes (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

INVALID_REQUEST = "invalid_request_error"

TYPES: dict[int, str] = {
    400: INVALID_REQUEST,
    401: INVALID_REQUEST,
    403: INVALID_REQUEST,
    404: INVALID_REQUEST,
    405: INVALID_REQUEST,
    408: "server_error",
    409: "conflict_error",
    413: INVALID_REQUEST,
    415: INVALID_REQUEST,
    422: INVALID_REQUEST,
    429: "requests",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    504: "server_error",
    529: "overloaded_error",
}
"""``type`` by status."""


class VendorError(Exception):
    """A refusal by a simulated provider."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        error_type: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Take the status and the members of the error object; ``error_type`` follows from the status.

        ``facts`` are what another vendor's wording of the same refusal needs.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.error_type = error_type or TYPES.get(status, "server_error")
        self.headers = headers
        self.facts: Mapping[str, object] = facts or {}

    @property
    def said(self) -> str:
        """Return the message, which says that it is simulated."""
        return self.message if "imulat" in self.message else f"{self.message} (simulated)"

    def members(self) -> dict[str, object]:
        """Return the error object."""
        return {"error": {"message": self.said, "type": self.error_type, "param": self.param, "code": self.code}}

    def body(self) -> bytes:
        """Return the error object as JSON."""
        return msgspec.json.encode(self.members())


def invalid(message: str, *, param: str | None, code: str | None) -> VendorError:
    """Return the refusal of a request that must be changed."""
    return VendorError(400, message, param=param, code=code)


def unknown_model(model: str) -> VendorError:
    """Return the refusal of a model that is not there."""
    message = f"The model `{model[:200]}` does not exist here, or you may not use it."
    return VendorError(404, message, code="model_not_found")


def context_too_long(tokens: int, window: int, param: str = "messages") -> VendorError:
    """Return the refusal of a prompt that is longer than the model's window."""
    message = (
        f"This model's maximum context length is {window} tokens. However, your {param} resulted in "
        f"{tokens} tokens or more. Please reduce their length."
    )
    facts = {"tokens": tokens, "window": window}
    return VendorError(400, message, param=param, code="context_length_exceeded", facts=facts)

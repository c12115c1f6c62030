"""A provider's error in OpenAI's error object.

``type`` and ``code`` are OpenAI's for what the error means (``vocabulary.ERRORS``), so that a client's own handling of,
say, a prompt that is too long works whoever the provider is. Our own errors are rendered by ``openai_errors``.

https://developers.openai.com/api/docs/guides/error-codes (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat_answer import VendorError
from penstock.wire.openai_chat.vocabulary import ERRORS
from penstock.wire.openai_errors import ErrorBody


def render_vendor_error(error: VendorError, request_id: str) -> bytes:
    """Return the body; ``param`` is the provider's, and names members of its own format."""
    kind, code = ERRORS[error.kind]
    return msgspec.json.encode({"error": ErrorBody(error.message, kind, error.param, code, request_id or None)})

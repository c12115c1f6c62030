"""The text of an error answer, as far as it is for people: found in JSON of any shape, or the body itself.

A page of HTML from something between us and the provider, or bytes that are no text, say nothing that a caller could
use. What the errors of a vendor mean is in the modules of its format.
"""

from __future__ import annotations

import msgspec

_LIMIT_CHARS = 4000
_SPACES = str.maketrans("\r\n\t", "   ")


def read_text(body: bytes) -> str | None:
    """Return the beginning of a body as text; None when it is markup, no text, or nothing."""
    text = body[: _LIMIT_CHARS * 4].decode("utf-8", "replace").strip()[:_LIMIT_CHARS]
    return None if text.startswith("<") or not text.translate(_SPACES).isprintable() else text or None


def find_message(body: bytes) -> str | None:
    """Return the message of an error body in whatever shape; None when there is none that one could show."""
    try:
        decoded: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return read_text(body)
    return _message_in(decoded, depth=0)


def _message_in(value: object, *, depth: int) -> str | None:
    """Look where vendors put it: a string, ``message``, ``detail``, ``error`` (object or string), a list of those."""
    if depth > 4:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return _message_in(value[0], depth=depth + 1) if value else None
    if isinstance(value, dict):
        for name in ("error", "message", "Message", "msg", "detail", "error_msg", "errors"):
            found = _message_in(value.get(name), depth=depth + 1)
            if found:
                return found
    return None


def nothing_readable(status: int) -> str:
    """Return what to say where the provider says nothing that one could show."""
    return f"The provider answered with status {status} and no readable error."


_REFUSED_KEYS = ("make sure your api key is valid", "invalid api key format")


def says_key_is_refused(message: str) -> bool:
    """Say whether it is the key that is refused: of an API key for Bedrock, AWS says so in its text alone."""
    text = message.lower()
    return any(phrase in text for phrase in _REFUSED_KEYS)

"""What a caller is told about a body that is not OpenAI chat: which member, what is wrong, what would be right.

Never a prompt's text: of the caller's words only a role or a kind is repeated, cut short. The shape of the error body
is made by ``openai_errors``.
"""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec

from penstock.core.errors import InvalidRequest
from penstock.wire.openai_chat.vocabulary import PARTS, ROLES

MOST_DEEP = 100
"""Levels of JSON that schemas, arguments and further members may have: more than any provider takes."""

_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_MISSING = re.compile(r"missing required field `([^`]*)`")
_WORD_LIMIT = 40


def refuse(message: str, param: str, code: str = "invalid_request") -> NoReturn:
    """Refuse the request because of the member at ``param``."""
    raise InvalidRequest(message, code=code, param=param)


def refuse_undecodable(error: Exception, path: str = "") -> NoReturn:
    """Refuse a body, or a part of one at ``path``, that msgspec did not decode."""
    if not isinstance(error, msgspec.ValidationError):
        msg = "The request body is nested too deeply." if isinstance(error, RecursionError) else "The body is not JSON."
        raise InvalidRequest(msg, code="invalid_json", param=path or None) from error
    text = str(error)
    place = _PLACE.search(text)
    inner = place[1] if place else ""
    text = _PLACE.sub("", text)
    if path:
        inner = path + (inner if inner.startswith("[") else f".{inner}" if inner else "")
    missing = _MISSING.search(text)
    if missing:
        where = f"{inner}.{missing[1]}" if inner else missing[1]
        message = f'"{where}" is missing.'
    else:
        where = inner
        message = f'"{where}" is not valid: {_explain(text, where)}.'
    raise InvalidRequest(message, param=where or None) from error


def _explain(text: str, where: str) -> str:
    """Return msgspec's finding in words that help the caller."""
    if not text.startswith("Invalid"):
        return text[:1].lower() + text[1:].replace("`", "")
    if where.endswith(".role"):
        return f"{_cut(text)}; roles are {', '.join(ROLES)}"
    if ".content[" in where and where.endswith(".type"):
        return f"{_cut(text)}; types of parts are {', '.join(PARTS)}"
    return _cut(text)


def _cut(text: str) -> str:
    text = text[:1].lower() + text[1:]
    return text if len(text) <= _WORD_LIMIT else f"{text[:_WORD_LIMIT]}..."


def refuse_deep(raw: bytes, path: str) -> None:
    """Refuse JSON that is nested deeper than :data:`MOST_DEEP`."""
    if raw.count(b"{") + raw.count(b"[") <= MOST_DEEP:
        return
    try:
        deep = _depth(msgspec.json.decode(raw)) > MOST_DEEP
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        deep = True
    if deep:
        refuse(f'"{path}" is nested deeper than {MOST_DEEP} levels.', path, "nested_too_deeply")


def _depth(value: object) -> int:
    """Return how many levels of objects and arrays there are, without recursion."""
    depth = 0
    level = [value]
    while level:
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        depth += 1
        level = inner
    return depth

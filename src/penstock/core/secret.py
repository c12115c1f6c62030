"""A secret that refuses to print.

Keys and tokens travel through configuration, snapshots and error paths. Each of those places may one day be logged,
so the value sits behind a type whose ``repr``, ``str`` and formatting show nothing. Reading it is one explicit call,
which a reviewer can search for. This module does not encrypt and does not wipe memory.
"""

from __future__ import annotations

import hmac
from typing import final

MASK = "********"
_ANY_TEXT = "surrogatepass"  # the environment may hold bytes that are no text


@final
class Secret:
    """One secret string. ``reveal()`` is the only way to its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep ``value``; nothing is checked, an empty secret is allowed and falsy."""
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one place that must send or hash it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(errors=_ANY_TEXT), other._value.encode(errors=_ANY_TEXT))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str | tuple[object, ...]:
        msg = "a Secret is not serialised"
        raise TypeError(msg)

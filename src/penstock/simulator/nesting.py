"""How deep a decoded JSON value is nested, found without going deeper oneself.

Interpreters differ in how deep a call may go, so a caller's nesting is bounded by a number and not by what the
interpreter bears. Which number is decided by whoever reads the value.
"""

from __future__ import annotations

from collections.abc import Iterable


def is_deeper_than(levels: int, value: object) -> bool:
    """Say whether more than so many objects and arrays stand inside one another."""
    layer = _containers([value])
    for _ in range(levels):
        if not layer:
            return False
        layer = [inner for outer in layer for inner in _containers(outer)]
    return bool(layer)


def _containers(values: Iterable[object]) -> list[Iterable[object]]:
    """Return the insides of the objects and arrays among some values."""
    return [one.values() if isinstance(one, dict) else one for one in values if isinstance(one, dict | list)]

"""Shell-style patterns of model names: ``gpt-*``, ``o[0-9]*``, ``*/llama-?``.

``*`` stands for any run of characters (``/`` included), ``?`` for one, ``[...]`` for one of a set and ``[!...]`` for
one outside it. Two questions are answered here: does a name fit, and what did the ``*`` stand for. Unlike ``fnmatch``
the second has an answer, case always matters, and the first ``*`` takes the longest run. Where a request goes is not
decided here.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SPECIAL = frozenset("*?[")
_SET = re.compile(r"\[(!?)(\]?[^\]]*)\]")
_RANGE = re.compile(r"(.)(?:-(.))?", re.DOTALL)


def is_pattern(name: str) -> bool:
    """Say whether a configured name is a pattern and not one model's name."""
    return not _SPECIAL.isdisjoint(name)


def match_pattern(pattern: str, name: str) -> str | None:
    """Return what the pattern's first ``*`` stands for in ``name`` ("" without a ``*``), or None when it does not fit.

    Raises:
        ValueError: a set in the pattern holds a range that runs backwards (``[z-a]``).
    """
    found = _compile(pattern).fullmatch(name)
    if found is None:
        return None
    return found[1] if found.re.groups else ""


def specificity(pattern: str) -> tuple[int, int, str]:
    """Return a sort key that puts the more specific pattern first.

    More literal characters first, then more places of exactly one character, then the alphabet, so that the order
    never depends on the order of a file.
    """
    pieces = _split(pattern)
    literals = sum(kind == "literal" for kind, _ in pieces)
    single_places = sum(kind == "one" for kind, _ in pieces)
    return -literals, -single_places, pattern


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    expression = "".join(expression for _, expression in _split(pattern))
    try:
        return re.compile(expression, re.DOTALL)
    except re.error as error:
        msg = f"the pattern {pattern!r} is not valid: {error.msg}"
        raise ValueError(msg) from error


def _split(pattern: str) -> list[tuple[str, str]]:
    """Cut a pattern into (kind, regular expression) pairs; kinds are ``any``, ``one`` and ``literal``."""
    pieces: list[tuple[str, str]] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        one_of = _SET.match(pattern, position) if character == "[" else None
        if one_of and one_of[2]:
            pieces.append(("one", f"[{'^' if one_of[1] else ''}{_escape_set(one_of[2])}]"))
            position = one_of.end()
            continue
        if character == "*":
            pieces.append(("any", "(.*)"))
        elif character == "?":
            pieces.append(("one", "."))
        else:
            pieces.append(("literal", re.escape(character)))
        position += 1
    return pieces


def _escape_set(members: str) -> str:
    """Write the members of a set for ``re``: ``x-y`` is a range, everything else stands for itself."""
    return _RANGE.sub(lambda found: "-".join(re.escape(end) for end in found.groups() if end), members)

"""The hint at the end of an error: what the operator probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_NAMES_SHOWN = 30


def find_similar(wanted: str, names: Iterable[str]) -> str | None:
    """Return the name that is most like ``wanted``, case aside, or None when none is like it."""
    by_folded = {name.lower(): name for name in names}
    found = difflib.get_close_matches(wanted.lower(), by_folded, n=1)
    return by_folded[found[0]] if found else None


def hint(wanted: str, names: Iterable[str]) -> str:
    """Return ``; did you mean "x"?``, or the names there are when none is similar, or "" when there are none."""
    known = list(names)
    similar = find_similar(wanted, known)
    if similar:
        return f'; did you mean "{similar}"?'
    if not known:
        return ""
    more = len(known) - _NAMES_SHOWN
    return f"; there are: {', '.join(known[:_NAMES_SHOWN])}{f' and {more} more' if more > 0 else ''}"


def describe_unset(variable: str, environ: Iterable[str]) -> str:
    """Say that an environment variable is not set, and what to write instead."""
    similar = find_similar(variable, environ)
    instead = f'; did you mean "{similar}"?' if similar else f"; set it, or write ${{{variable}:-default}}"
    return f"the environment variable {variable} is not set{instead}"

"""Rules of routes as people and programs read them, in the order in which they win.

What a target looks like is said in :mod:`penstock.cli.snapshot_text`.
"""

from __future__ import annotations

from collections.abc import Iterator

from penstock.relay.snapshot import Model
from penstock.routing.route_table import Entry, HeaderCondition


def write_conditions(entry: Entry[Model]) -> str:
    """Write what a request must have to match."""
    return ", ".join(_conditions(entry)) or "every request"


def describe_conditions(entry: Entry[Model]) -> dict[str, object]:
    """Return what a request must have to match, as a JSON object."""
    return {
        "host": entry.host or None,
        "model": entry.model,
        "model_regex": entry.expression.pattern if entry.expression else None,
        "headers": {each.name.decode(): header_value(each) for each in entry.headers if each.expression is None},
        "header_regex": {
            each.name.decode(): header_value(each) for each in entry.headers if each.expression is not None
        },
    }


def _conditions(entry: Entry[Model]) -> Iterator[str]:
    if entry.model is not None:
        yield entry.model
    if entry.expression is not None:
        yield f"model ~ {entry.expression.pattern}"
    if entry.host:
        yield f"host {entry.host}"
    for each in entry.headers:
        yield f"{each.name.decode()} {'=' if each.expression is None else '~'} {header_value(each)}"


def header_value(condition: HeaderCondition) -> str:
    """Write the value that a header must have, or the expression that must fit it."""
    found = condition.value if condition.expression is None else condition.expression.pattern
    return (found or b"").decode("latin-1")

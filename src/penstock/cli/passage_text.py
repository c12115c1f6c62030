"""What is passed on as it is, as people and programs read it, in the order in which entries win."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from penstock.cli.route_text import header_value
from penstock.relay.snapshot import Passage
from penstock.routing.path_table import PathEntry, PathTable

Json = dict[str, object]


def render_passages(table: PathTable[Passage]) -> Iterator[str]:
    """Render the entries as a tree of conditions and servers, a line each."""
    for entry in table.entries():
        yield f"  {', '.join(_conditions(entry))}"
        targets = sorted(entry.rule.targets, key=attrgetter("priority"))
        whole = sum(target.weight for target in targets)
        for index, target in enumerate(targets):
            share = f"  ({target.weight / whole:.0%})" if len(targets) > 1 and whole else ""
            branch = "└─" if index + 1 == len(targets) else "├─"
            yield f"  {branch} {target.backend.name}{_describe_change(entry.rule)}{share}"


def describe_passages(table: PathTable[Passage] | None) -> list[Json]:
    """Return the entries as JSON objects."""
    return [_describe(entry) for entry in table.entries()] if table else []


def _describe(entry: PathEntry[Passage]) -> Json:
    passage = entry.rule
    return {
        "name": passage.name,
        "path": entry.path or "/",
        "exact": entry.exact,
        "host": entry.host or None,
        "methods": sorted(entry.methods),
        "headers": {each.name.decode(): header_value(each) for each in entry.headers if each.expression is None},
        "header_regex": {
            each.name.decode(): header_value(each) for each in entry.headers if each.expression is not None
        },
        "targets": [
            {"backend": each.backend.name, "weight": each.weight, "priority": each.priority} for each in passage.targets
        ],
        "rewrite": {"prefix": passage.new_prefix, "path": passage.new_path, "host": passage.host},
        "forward_credentials": passage.forwards_credentials,
    }


def _conditions(entry: PathEntry[Passage]) -> Iterator[str]:
    yield entry.path if entry.exact else f"{entry.path}/*"
    if entry.methods:
        yield " or ".join(sorted(entry.methods))
    if entry.host:
        yield f"host {entry.host}"
    for each in entry.headers:
        yield f"{each.name.decode()} {'=' if each.expression is None else '~'} {header_value(each)}"


def _describe_change(passage: Passage) -> str:
    changes = [
        f"as {passage.new_path}" if passage.new_path else "",
        f"as {passage.new_prefix.rstrip('/')}/*" if passage.new_prefix is not None else "",
        f"Host {passage.host}" if passage.host else "",
        "with callers' credentials" if passage.forwards_credentials else "",
    ]
    told = ", ".join(filter(None, changes))
    return f"  {told}" if told else ""

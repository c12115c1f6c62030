"""From a request's model, host and headers to the rule that serves it, when a configuration has routes.

A rule matches when one of its matches does; a match is a set of conditions that must all hold. Which of several rules
wins is decided once, when the table is built, as the Gateway API orders HTTPRoutes: the more specific host name, then
the more conditions, then the order of the configuration. Rules for a model by its name are found by the name, and those
for a header's value by the value, so that a lookup does not grow with the number of such rules.

https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (read 2026-11-23).
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Generic, TypeVar

M = TypeVar("M")
HeaderLookup = Callable[[bytes], bytes | None]
"""Looks a request header up by its lower-case name."""


@dataclass(frozen=True, slots=True)
class HeaderCondition:
    """A header has this value, or one that the expression fits as a whole."""

    name: bytes
    value: bytes | None = None
    expression: re.Pattern[bytes] | None = None

    def holds(self, header: HeaderLookup) -> bool:
        """Say whether a request fulfils it."""
        found = header(self.name)
        if found is None:
            return False
        return found == self.value if self.expression is None else self.expression.fullmatch(found) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[M]):
    """One match of one rule under one host name."""

    rule: M
    host: str = ""
    """In lower case; ``*.example.com`` stands for any name below it, empty for every host."""
    model: str | None = None
    expression: re.Pattern[str] | None = None
    """Fits the model's name as a whole; None for a match that names the model, or none."""
    headers: tuple[HeaderCondition, ...] = ()

    def fits(self, model: str, host: str, header: HeaderLookup) -> bool:
        """Say whether a request for ``model`` at ``host`` matches; the model's name, where given, was looked up."""
        if self.host and not host_fits(self.host, host):
            return False
        if self.expression is not None and self.expression.fullmatch(model) is None:
            return False
        return all(condition.holds(header) for condition in self.headers)

    def precedence(self) -> tuple[int, int, int]:
        """Return a sort key: the more specific comes first."""
        conditions = len(self.headers) + (self.model is not None or self.expression is not None)
        exactness = 0 if self.host and not self.host.startswith("*") else 1 if self.host else 2
        return exactness, -len(self.host), -conditions


_Place = tuple[tuple[int, int, int], int, Entry[M]]
"""An entry behind what it is ordered by: its precedence, then its number in the configuration."""
_order = itemgetter(0, 1)


@dataclass(slots=True)
class _Shelf(Generic[M]):
    """Entries for one model, or for any: those that want a header to have a value are found by the value."""

    plain: list[_Place[M]] = field(default_factory=list)
    by_header: dict[bytes, dict[bytes, list[_Place[M]]]] = field(default_factory=dict)
    """By a header's name and its value."""

    def add(self, place: _Place[M]) -> None:
        """Put an entry in its place among the others."""
        exact = next((each for each in place[2].headers if each.value is not None), None)
        if exact is None or exact.value is None:
            found = self.plain
        else:
            found = self.by_header.setdefault(exact.name, {}).setdefault(exact.value, [])
        insort(found, place, key=_order)

    def collect(self, header: HeaderLookup, into: list[list[_Place[M]]]) -> None:
        """Add the lists that hold every entry which a request with these headers can fit."""
        if self.plain:
            into.append(self.plain)
        for name, by_value in self.by_header.items():
            value = header(name)
            if value is not None and value in by_value:
                into.append(by_value[value])

    def all(self) -> list[list[_Place[M]]]:
        """Return the lists of all entries."""
        return [self.plain, *(places for by_value in self.by_header.values() for places in by_value.values())]


@dataclass(slots=True)
class RouteTable(Generic[M]):
    """Every entry of a configuration."""

    size: int = 0
    _by_model: dict[str, _Shelf[M]] = field(default_factory=dict)
    _others: _Shelf[M] = field(default_factory=_Shelf)

    @classmethod
    def build(cls, entries: Iterable[Entry[M]]) -> RouteTable[M]:
        """Return the table of these entries, which are in the order of the configuration."""
        table = cls()
        for order, entry in enumerate(entries):
            shelf = table._others if entry.model is None else table._by_model.setdefault(entry.model, _Shelf())
            shelf.add((entry.precedence(), order, entry))
            table.size += 1
        return table

    def find(self, model: str, host: str, header: HeaderLookup) -> M | None:
        """Return the rule of the first entry that fits; ``host`` as the ``Host`` header has it."""
        host = plain_host(host)
        named, others = self._by_model.get(model), self._others
        lists: list[list[_Place[M]]] = []
        if named is not None:
            if named.by_header:
                named.collect(header, lists)
            else:
                lists.append(named.plain)
        if others.plain or others.by_header:
            others.collect(header, lists)
        for _, _, entry in lists[0] if len(lists) == 1 else merge(*lists, key=_order):
            if entry.fits(model, host, header):
                return entry.rule
        return None

    def entries(self) -> Iterator[Entry[M]]:
        """Yield every entry, the one that wins over all others first."""
        shelves = (*self._by_model.values(), self._others)
        return (entry for _, _, entry in merge(*(places for shelf in shelves for places in shelf.all()), key=_order))

    def named_models(self, host: str) -> Iterator[tuple[str, M]]:
        """Yield each model that is routed by its name at this host, once, with the rule that names it.

        A host that has models of its own sees these and those of every host; another one only the latter.
        """
        host = plain_host(host)
        for name, shelf in self._by_model.items():
            for _, _, entry in merge(*shelf.all(), key=_order):
                if not entry.host or host_fits(entry.host, host):
                    yield name, entry.rule
                    break


def plain_host(host: str) -> str:
    """Return a ``Host`` header in lower case and without its port."""
    host = host.lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def host_fits(pattern: str, host: str) -> bool:
    """Say whether a host name is the pattern, or below a pattern like ``*.example.com``."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host

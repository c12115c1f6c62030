"""From a request's model, host and headers to the rule that serves it, when a configuration has routes.

A rule matches when one of its matches does; a match is a set of conditions that must all hold. Which of several rules
wins is decided once, when the table is built, as the Gateway API orders HTTPRoutes: the more specific host name, then
the more conditions, then the order of the configuration. Rules for one model by name are found by that name, so that a
lookup does not grow with the number of routes.

https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (read 2026-11-23).
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class RouteTable(Generic[M]):
    """Every entry of a configuration, in the order in which they win."""

    by_model: dict[str, list[tuple[tuple[int, int, int], int, Entry[M]]]] = field(default_factory=dict)
    others: list[tuple[tuple[int, int, int], int, Entry[M]]] = field(default_factory=list)
    size: int = 0

    @classmethod
    def build(cls, entries: Iterable[Entry[M]]) -> RouteTable[M]:
        """Return the table of these entries, which are in the order of the configuration."""
        table = cls()
        for order, entry in enumerate(entries):
            place = table.others if entry.model is None else table.by_model.setdefault(entry.model, [])
            insort(place, (entry.precedence(), order, entry), key=lambda each: each[:2])
            table.size += 1
        return table

    def find(self, model: str, host: str, header: HeaderLookup) -> M | None:
        """Return the rule of the first entry that fits; ``host`` as the ``Host`` header has it."""
        named, others = self.by_model.get(model, ()), self.others
        host = plain_host(host)
        at_named = at_others = 0
        while at_named < len(named) or at_others < len(others):
            if at_others >= len(others) or (at_named < len(named) and named[at_named][:2] < others[at_others][:2]):
                entry = named[at_named][2]
                at_named += 1
            else:
                entry = others[at_others][2]
                at_others += 1
            if entry.fits(model, host, header):
                return entry.rule
        return None

    def rules(self) -> Iterator[M]:
        """Yield the rule of every entry."""
        for entries in (*self.by_model.values(), self.others):
            for _, _, entry in entries:
                yield entry.rule

    def named_models(self, host: str) -> Iterator[tuple[str, M]]:
        """Yield each model that is routed by its name at this host, once, with the rule that names it.

        A host that has models of its own sees these and those of every host; another one only the latter.
        """
        host = plain_host(host)
        for name, entries in self.by_model.items():
            for _, _, entry in entries:
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

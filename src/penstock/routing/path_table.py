"""From a request's path, host, method and headers to the rule that passes it on, where no endpoint has the path.

A path is compared as it is sent, a prefix by whole segments: ``/a`` fits ``/a`` and ``/a/b``, and not ``/ab``. Which of
several rules wins is decided once, when the table is built, as the Gateway API orders HTTPRoutes: the more specific
host name, a whole path before a prefix, the longer prefix, a method, more headers, then the order of the configuration.
Rules are found by the lengths that their paths have, so that a lookup does not grow with the length of the request's.

https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule (read 2026-11-23).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Generic, TypeVar
from urllib.parse import unquote

from penstock.routing.route_table import HeaderCondition, HeaderLookup, host_fits, plain_host

R = TypeVar("R")
_Precedence = tuple[int, int, bool, int, bool, int]
_WINS = itemgetter(0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathEntry(Generic[R]):
    """One rule under one host name."""

    rule: R
    path: str
    """Without a slash at its end where it is a prefix: empty for every path."""
    exact: bool = False
    """It is the whole path, and no prefix."""
    host: str = ""
    """In lower case; ``*.example.com`` stands for any name below it, empty for every host."""
    methods: frozenset[str] = frozenset()
    """None is every method."""
    headers: tuple[HeaderCondition, ...] = ()

    def fits(self, path: str, method: str, host: str, header: HeaderLookup) -> bool:
        """Say whether a request matches; that its path begins like this one was looked up."""
        if self.exact and path != self.path:
            return False
        if self.host and not host_fits(self.host, host):
            return False
        if self.methods and method not in self.methods:
            return False
        return all(condition.holds(header) for condition in self.headers)

    def precedence(self) -> _Precedence:
        """Return a sort key: the more specific comes first."""
        exactness = 0 if self.host and not self.host.startswith("*") else 1 if self.host else 2
        return exactness, -len(self.host), not self.exact, -len(self.path), not self.methods, -len(self.headers)


_Place = tuple[_Precedence, int, PathEntry[R]]


@dataclass(slots=True)
class PathTable(Generic[R]):
    """Every entry of a configuration, by its path."""

    by_path: dict[str, list[_Place[R]]] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()
    """Of the paths there are."""

    @classmethod
    def build(cls, entries: Iterable[PathEntry[R]]) -> PathTable[R]:
        """Return the table of these entries, which are in the order of the configuration."""
        table = cls()
        for order, entry in enumerate(entries):
            place = table.by_path.setdefault(entry.path, [])
            insort(place, (entry.precedence(), order, entry), key=_WINS)
        table.lengths = tuple(sorted(set(map(len, table.by_path))))
        return table

    def find(self, path: str, method: str, host: str, header: HeaderLookup) -> R | None:
        """Return the rule of the first entry that fits; ``host`` as the ``Host`` header has it."""
        host = plain_host(host)
        for _, _, entry in merge(*self._beginning_like(path), key=_WINS):
            if entry.fits(path, method, host, header):
                return entry.rule
        return None

    def _beginning_like(self, path: str) -> Iterator[list[_Place[R]]]:
        for length in self.lengths:
            if length > len(path):
                return
            if length == len(path) or path[length] == "/":
                found = self.by_path.get(path[:length])
                if found is not None:
                    yield found

    def entries(self) -> list[PathEntry[R]]:
        """Return every entry, the one that wins over all others first."""
        return [entry for _, _, entry in merge(*self.by_path.values(), key=_WINS)]


def climbs(path: str) -> bool:
    """Say whether a path has a segment that means another place (``.``, ``..``), however it is written.

    What reads such a path may leave the prefix that a rule is for, so that it must not be passed on.
    """
    if "." not in path and "%" not in path:
        return False
    segments = unquote(path).replace("\\", "/").split("/")
    return any(segment.partition(";")[0] in {".", ".."} for segment in segments)


def plain_path(path: str) -> str:
    """Return what a server may take a path for: without escapes, parameters and empty segments."""
    segments = (segment.partition(";")[0] for segment in unquote(path).replace("\\", "/").split("/"))
    return "/" + "/".join(filter(None, segments))


def replace_prefix(path: str, prefix: str, replacement: str) -> str:
    """Return ``path`` with another beginning; ``prefix`` is an entry's path, which fits it."""
    return replacement.rstrip("/") + path[len(prefix) :] or "/"

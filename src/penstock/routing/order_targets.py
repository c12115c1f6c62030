"""In which order the targets of a model are tried: by priority, and among equals by weighted chance.

The lowest priority number comes first; the others wait for it to fail. Within one priority, each next target is drawn
by its weight among those that are left; a weight of 0 is never drawn. That is how the Envoy AI Gateway reads weights
and priorities. Health is not looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, groupby, islice
from operator import attrgetter
from typing import Protocol, TypeVar


class Weighted(Protocol):
    """A target, as far as its order goes."""

    @property
    def weight(self) -> int:
        """Its share of the requests; 0 is never."""

    @property
    def priority(self) -> int:
        """Lower is tried earlier."""


T = TypeVar("T", bound=Weighted)


def order_targets(targets: Sequence[T], chance: Callable[[], float], per_priority: int | None = None) -> list[T]:
    """Return the targets in the order to try them; ``chance`` returns a number from 0 up to, not including, 1.

    ``per_priority``: so many tries before the next priority, of the same targets again if need be; None: each once.
    """
    if len(targets) == 1 and per_priority is None:
        return list(targets)
    ordered: list[T] = []
    for _, equals in groupby(sorted(targets, key=attrgetter("priority")), key=attrgetter("priority")):
        left = [target for target in equals if target.weight > 0 or len(targets) == 1]
        drawn: list[T] = []
        while left:
            drawn.append(left.pop(_draw(left, chance)))
        ordered += drawn if per_priority is None else islice(cycle(drawn), per_priority if drawn else 0)
    return ordered


def _draw(targets: Sequence[Weighted], chance: Callable[[], float]) -> int:
    if len(targets) == 1:
        return 0
    point = chance() * sum(target.weight for target in targets)
    for index, target in enumerate(targets):
        point -= target.weight
        if point < 0:
            return index
    return len(targets) - 1

"""Counters, gauges and histograms of one process.

Children (one per label set) are plain objects with a number in them; the request path looks a child up once per route
and then only adds. Label values come from configuration or from fixed vocabularies, never from a caller, so their
number is bounded. How they are written down, and joined over several processes, is in
:mod:`penstock.telemetry.readings`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from penstock.telemetry.readings import Buckets, Kind, Labels, Reading

DURATION_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

_FEW = 16
"""So many observations cost less one by one."""

Sample = tuple[Labels, float]


class Counter:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        """Begin at zero."""
        self.value = 0.0

    def add(self, amount: float = 1.0) -> None:
        """Add to it."""
        self.value += amount


class Histogram:
    """How many observations fell below each bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = DURATION_BUCKETS_S) -> None:
        """Count nothing yet; the last bucket has no bound."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def observe_all(self, values: Sequence[float]) -> None:
        """Count many observations."""
        if len(values) <= _FEW:
            for value in values:
                self.observe(value)
            return
        ordered = sorted(values)
        begin = 0
        for bucket, bound in enumerate(self.bounds):
            end = bisect_right(ordered, bound, begin)
            self.counts[bucket] += end - begin
            begin = end
        self.counts[-1] += len(ordered) - begin
        self.total += sum(ordered)


class CounterFamily:
    """Counters of one name, told apart by labels."""

    def __init__(self, name: str, text: str, labels: Labels) -> None:
        """Describe the family; it has no children yet."""
        self.name, self.text, self.labels = name, text, labels
        self._children: dict[Labels, Counter] = {}

    def child(self, *values: str) -> Counter:
        """Return the counter with these label values."""
        found = self._children.get(values)
        if found is None:
            found = self._children[values] = Counter()
        return found

    def read(self) -> Reading:
        """Return what is counted now."""
        numbers = [(values, counter.value) for values, counter in self._children.items()]
        return Reading(name=self.name, text=self.text, kind="counter", labels=self.labels, numbers=numbers)


class HistogramFamily:
    """Histograms of one name, told apart by labels."""

    def __init__(self, name: str, text: str, labels: Labels) -> None:
        """Describe the family; it has no children yet."""
        self.name, self.text, self.labels = name, text, labels
        self._children: dict[Labels, Histogram] = {}

    def child(self, *values: str) -> Histogram:
        """Return the histogram with these label values."""
        found = self._children.get(values)
        if found is None:
            found = self._children[values] = Histogram()
        return found

    def read(self) -> Reading:
        """Return what is counted now."""
        buckets = [(values, Buckets(list(each.counts), each.total)) for values, each in self._children.items()]
        return Reading(
            name=self.name,
            text=self.text,
            kind="histogram",
            labels=self.labels,
            buckets=buckets,
            bounds=DURATION_BUCKETS_S,
        )


class GaugeFamily:
    """Values that are read when asked for."""

    def __init__(self, name: str, text: str, labels: Labels, read: Callable[[], Iterable[Sample]]) -> None:
        """``read`` returns label values and number of each child; under a name in ``_total`` they only grow."""
        self.name, self.text, self.labels, self._read = name, text, labels, read
        self._kind: Kind = "counter" if name.endswith("_total") else "gauge"

    def read(self) -> Reading:
        """Return the values now."""
        return Reading(name=self.name, text=self.text, kind=self._kind, labels=self.labels, numbers=list(self._read()))


Family = CounterFamily | HistogramFamily | GaugeFamily


def read(families: Iterable[Family]) -> list[Reading]:
    """Return what each family reads now."""
    return [family.read() for family in families]

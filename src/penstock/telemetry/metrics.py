"""Counters, gauges and histograms of one process, in Prometheus' text format.

Children (one per label set) are plain objects with a number in them; the request path looks a child up once per route
and then only adds. Label values come from configuration or from fixed vocabularies, never from a caller, so their
number is bounded. Text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats, read 2026-11-23). Joining
several processes is not done here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
DURATION_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

Labels = tuple[str, ...]
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

    def render(self) -> Iterable[str]:
        """Yield the lines of the family."""
        yield from _header(self.name, self.text, "counter")
        for values, counter in sorted(self._children.items()):
            yield f"{self.name}{_labels(self.labels, values)} {_number(counter.value)}"


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

    def render(self) -> Iterable[str]:
        """Yield the lines of the family; bucket counts are cumulative."""
        yield from _header(self.name, self.text, "histogram")
        for values, histogram in sorted(self._children.items()):
            seen = 0
            for bound, count in zip((*histogram.bounds, None), histogram.counts, strict=True):
                seen += count
                le = "+Inf" if bound is None else _number(bound)
                yield f"{self.name}_bucket{_labels((*self.labels, 'le'), (*values, le))} {seen}"
            yield f"{self.name}_sum{_labels(self.labels, values)} {_number(histogram.total)}"
            yield f"{self.name}_count{_labels(self.labels, values)} {seen}"


class GaugeFamily:
    """Values that are read when asked for."""

    def __init__(self, name: str, text: str, labels: Labels, read: Callable[[], Iterable[Sample]]) -> None:
        """``read`` returns label values and number of each child; under a name in ``_total`` they only grow."""
        self.name, self.text, self.labels, self._read = name, text, labels, read
        self._kind = "counter" if name.endswith("_total") else "gauge"

    def render(self) -> Iterable[str]:
        """Yield the lines of the family."""
        yield from _header(self.name, self.text, self._kind)
        for values, number in self._read():
            yield f"{self.name}{_labels(self.labels, values)} {_number(number)}"


Family = CounterFamily | HistogramFamily | GaugeFamily


def render(families: Iterable[Family]) -> str:
    """Render families as one exposition."""
    return "\n".join(line for family in families for line in family.render()) + "\n"


def _header(name: str, text: str, kind: str) -> Iterable[str]:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {escaped}"
    yield f"# TYPE {name} {kind}"


def _labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

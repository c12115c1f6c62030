"""What metrics read at one moment, as values: they travel between processes, add up, and become Prometheus' text.

Counters and histograms of several processes add up to those of the machine, and so do gauges, of which there are only
sums (connections, bytes, tasks). Text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats, read
2026-11-23). Who counts what is not said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]
Kind = Literal["counter", "gauge", "histogram"]


class Buckets(msgspec.Struct, array_like=True):
    """One histogram: observations by bucket (the last one has no bound), and their sum."""

    counts: list[int]
    total: float


class Reading(msgspec.Struct, kw_only=True):
    """One family at one moment."""

    name: str
    text: str
    kind: Kind
    labels: Labels
    numbers: list[tuple[Labels, float]] = []
    buckets: list[tuple[Labels, Buckets]] = []
    bounds: tuple[float, ...] = ()


def add_up(processes: Iterable[Sequence[Reading]]) -> list[Reading]:
    """Return the sums of what several processes read, family by family and label set by label set."""
    sums: dict[str, _Sum] = {}
    for readings in processes:
        for reading in readings:
            if reading.name not in sums:
                sums[reading.name] = _Sum(reading)
            sums[reading.name].add(reading)
    return [each.reading() for each in sums.values()]


def that_stay(readings: Iterable[Reading]) -> list[Reading]:
    """Return what still counts when the process that counted has ended: everything but gauges."""
    return [reading for reading in readings if reading.kind != "gauge"]


def render(readings: Iterable[Reading]) -> str:
    """Render one exposition."""
    return "\n".join(line for reading in readings for line in _lines(reading)) + "\n"


class _Sum:
    def __init__(self, like: Reading) -> None:
        self._like = like
        self._numbers: dict[Labels, float] = {}
        self._buckets: dict[Labels, Buckets] = {}

    def add(self, reading: Reading) -> None:
        for values, number in reading.numbers:
            self._numbers[values] = self._numbers.get(values, 0.0) + number
        for values, buckets in reading.buckets:
            known = self._buckets.get(values) or Buckets([0] * len(buckets.counts), 0.0)
            counts = [one + other for one, other in zip(known.counts, buckets.counts, strict=True)]
            self._buckets[values] = Buckets(counts, known.total + buckets.total)

    def reading(self) -> Reading:
        like = self._like
        return Reading(
            name=like.name,
            text=like.text,
            kind=like.kind,
            labels=like.labels,
            numbers=list(self._numbers.items()),
            buckets=list(self._buckets.items()),
            bounds=like.bounds,
        )


def _lines(reading: Reading) -> Iterable[str]:
    """Yield the lines of a family; bucket counts are cumulative."""
    name, labels = reading.name, reading.labels
    escaped = reading.text.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {escaped}"
    yield f"# TYPE {name} {reading.kind}"
    for values, number in sorted(reading.numbers):
        yield f"{name}{_labels(labels, values)} {_number(number)}"
    for values, buckets in sorted(reading.buckets, key=lambda each: each[0]):
        seen = 0
        for bound, count in zip((*reading.bounds, None), buckets.counts, strict=True):
            seen += count
            le = "+Inf" if bound is None else _number(bound)
            yield f"{name}_bucket{_labels((*labels, 'le'), (*values, le))} {seen}"
        yield f"{name}_sum{_labels(labels, values)} {_number(buckets.total)}"
        yield f"{name}_count{_labels(labels, values)} {seen}"


def _labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

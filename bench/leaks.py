"""Decide from readings before, during and after a run whether a server has kept something it should have let go. Pure.

Memory is judged by how much its median has grown between the second and the last quarter of the run: what a warm-up
takes is in the first, and a garbage collector's ups and downs are inside the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median

MEMORY_GROWTH_MIB = 4.0
FEWEST_SAMPLES = 8

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$", re.MULTILINE)

Gauges = Mapping[str, float]
"""What must be back where it was: open files, tasks, connections, requests in flight."""


def read_metric(text: str, name: str, *labels: str) -> float:
    """Return the sum of a metric's samples in Prometheus' text format that carry these labels (``state="busy"``).

    Raises:
        LookupError: the text has no such sample.
    """
    found = [
        float(sample["value"])
        for sample in _SAMPLE.finditer(text)
        if sample["name"] == name and all(label in (sample["labels"] or "") for label in labels)
    ]
    if not found:
        raise LookupError(f"no sample of {name} {' '.join(labels)}")
    return sum(found)


def memory_growth_mib(samples_mib: Sequence[float]) -> float:
    """Return how much memory has grown between the second and the last quarter of the samples.

    Raises:
        ValueError: there are too few to tell.
    """
    if len(samples_mib) < FEWEST_SAMPLES:
        raise ValueError(f"{len(samples_mib)} samples are too few")
    quarter = len(samples_mib) // 4
    return median(samples_mib[-quarter:]) - median(samples_mib[quarter : 2 * quarter])


def left_behind(before: Gauges, after: Gauges) -> list[str]:
    """Return a line for each gauge that is above where it was."""
    return [f"{name}: {before[name]:g} before, {after[name]:g} after" for name in before if after[name] > before[name]]


def memory_finding(samples_mib: Sequence[float]) -> list[str]:
    """Return a line when memory has gone on growing after the warm-up."""
    growth = memory_growth_mib(samples_mib)
    return [f"memory grew by {growth:.1f} MiB after the warm-up"] if growth > MEMORY_GROWTH_MIB else []

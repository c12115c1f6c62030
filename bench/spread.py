"""Medians and spreads of what rounds measured, and ratios of rounds that belong together. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all rounds."""

    middle: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return median, lowest and highest.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no round has measured this")
    return Spread(middle=median(values), low=min(values), high=max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that ``percent`` of all values do not exceed (nearest rank).

    Raises:
        ValueError: there are no values, or ``percent`` is not above 0 and at most 100.
    """
    if not values or not 0 < percent <= 100:
        raise ValueError(f"no {percent} % of {len(values)} values")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def paired_ratios(values: Sequence[float], references: Sequence[float]) -> list[float]:
    """Divide round by round, so that what disturbs a whole round falls out.

    Raises:
        ValueError: the two were not measured in the same rounds.
    """
    return [value / reference for value, reference in zip(values, references, strict=True)]


def cpu_us_per_event(cpu_s: float, streams: int, events: int, cpu_us_per_request: float) -> float:
    """Return what an event costs: the CPU of a run of streams less that of as many small unary requests.

    Raises:
        ValueError: there were no events.
    """
    if not events:
        raise ValueError("no events")
    return (cpu_s * 1e6 - streams * cpu_us_per_request) / events

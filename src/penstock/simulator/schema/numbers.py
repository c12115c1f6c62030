"""Numbers inside bounds and on a grid.

Bounds and steps are decimals that the caller wrote, so the arithmetic is exact (``Fraction`` of the decimal spelling);
the chosen number is then also checked as the binary float that JSON readers will make of it, because their validators
divide floats.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from penstock.simulator.schema.check import fits_size
from penstock.simulator.schema.document import Node

USUAL_SPAN = 100
_TRIES = 64


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number; ``above`` and ``below`` are excluded."""

    least: Fraction | None
    above: Fraction | None
    most: Fraction | None
    below: Fraction | None

    def window(self) -> tuple[Fraction, Fraction]:
        """Return two finite ends to choose between, at most ``USUAL_SPAN`` apart where the range is open."""
        lows = [bound for bound in (self.least, self.above) if bound is not None]
        highs = [bound for bound in (self.most, self.below) if bound is not None]
        low, high = max(lows, default=None), min(highs, default=None)
        if low is None:
            low = Fraction(1) if high is None or high >= 1 else high - USUAL_SPAN
        return low, low + USUAL_SPAN if high is None else high


def write_number(nodes: list[Node], draw: random.Random, *, whole: bool) -> int | float | None:
    """Return a number that every node allows, an integer if ``whole``; None when none was found."""
    bounds = _bounds(nodes)
    steps = [_exact(node.multiple_of) for node in nodes if node.multiple_of is not None]
    if whole:
        steps.append(Fraction(1))
    candidates = _on_grid(bounds, _common_step(steps), draw) if steps else _anywhere(bounds, draw)
    for candidate in candidates:
        for number in _spellings(candidate, whole=whole):
            if all(fits_size(node, number) for node in nodes) and _divides(number, nodes):
                return number
    return None


def _exact(value: float) -> Fraction:
    return Fraction(str(value))


def _spellings(value: Fraction, *, whole: bool) -> Iterator[int | float]:
    """Yield the numbers that a value can be written as; a large one as a float first, which is shorter."""
    if not whole and (value.denominator != 1 or abs(value) >= 2**53):
        try:
            yield float(value)
        except OverflowError:
            pass
    if value.denominator == 1:
        yield value.numerator


def _bounds(nodes: list[Node]) -> Range:
    return Range(
        least=max((_exact(node.minimum) for node in nodes if node.minimum is not None), default=None),
        above=max(
            (_exact(node.exclusive_minimum) for node in nodes if node.exclusive_minimum is not None), default=None
        ),
        most=min((_exact(node.maximum) for node in nodes if node.maximum is not None), default=None),
        below=min(
            (_exact(node.exclusive_maximum) for node in nodes if node.exclusive_maximum is not None), default=None
        ),
    )


def _common_step(steps: list[Fraction]) -> Fraction:
    """Return the least number that is a multiple of every step."""
    step = steps[0]
    for other in steps[1:]:
        step = Fraction(math.lcm(step.numerator, other.numerator), math.gcd(step.denominator, other.denominator))
    return step


def _on_grid(bounds: Range, step: Fraction, draw: random.Random) -> Iterator[Fraction]:
    low, high = bounds.window()
    if bounds.most is None and bounds.below is None:
        high = max(high, low + 2 * step)
    elif bounds.least is None and bounds.above is None:
        low = min(low, high - 2 * step)
    first, last = math.ceil(low / step), math.floor(high / step)
    if first > last:
        return
    for _ in range(_TRIES):
        yield draw.randint(first, last) * step
    for index in range(first, min(last, first + _TRIES) + 1):
        yield index * step


def _anywhere(bounds: Range, draw: random.Random) -> Iterator[Fraction]:
    low, high = bounds.window()
    span = high - low
    for digits in (1, 2, 4, 8, 16):
        for _ in range(4):
            place = low + span * Fraction(draw.randint(1, 999), 1000)
            yield Fraction(round(place * 10**digits), 10**digits)
    yield from (low, high, low + span / 2)
    for end, way in ((low, math.inf), (high, -math.inf)):
        yield _exact(math.nextafter(float(end), way))


def _divides(number: float, nodes: list[Node]) -> bool:
    """Say whether the number is a multiple for those, too, who divide floats."""
    for node in nodes:
        step = node.multiple_of
        if step is None:
            continue
        if isinstance(step, float) and number / step != int(number / step):
            return False
        if isinstance(step, int) and number % step:
            return False
    return True

"""How fast a simulated model speaks.

``none``: as fast as it can. ``realistic``: a quarter of a second to the first token, then 60 tokens a second. A number:
so many tokens a second, the first one after one such interval. Waiting is not done here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_TOKENS_PER_S = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to the first token, and between two."""

    first_s: float
    interval_s: float

    def duration_s(self, tokens: int) -> float:
        """Return how long so many tokens take."""
        return self.first_s + self.interval_s * max(0, tokens - 1) if tokens else 0.0


AT_ONCE = Pace(0.0, 0.0)
REALISTIC = Pace(0.25, 1 / 60)


def read_pace(text: str) -> Pace:
    """Read ``none``, ``realistic`` or a number of tokens a second.

    Raises:
        ValueError: it is none of them.
    """
    if text == "none":
        return AT_ONCE
    if text == "realistic":
        return REALISTIC
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= MAX_TOKENS_PER_S:
        msg = f"{text!r} is no pace: give 'none', 'realistic' or a number of tokens a second"
        raise ValueError(msg)
    return Pace(1 / rate, 1 / rate)

"""The simulator's own tokeniser: text to pieces and back, without loss.

A simulated provider must count exactly, and what it counts must be what it streams: the pieces found here *are* the
completion tokens, one stream event each, and a prompt is counted by the same rule. Pieces look like those of the usual
byte-pair tokenisers (a word with the space before it, up to three digits, a punctuation mark), but agree with no
vendor's: nothing here estimates what a real model would charge.

Two properties make it fit for that. Joining the pieces gives the text back, and the first *k* pieces of a text are the
pieces of the text they join to, so that an answer cut at ``max_tokens`` counts exactly ``max_tokens``.
"""

from __future__ import annotations

import re
from functools import lru_cache

# No look-ahead and no alternative that depends on what follows: that is what keeps a cut text's pieces the same.
_PIECE = re.compile(r" ?[^\W\d_]{1,8}| ?\d{1,3}| ?[^\w\s]{1,2}|_|\s")

LONGEST_PIECE_CHARS = 9
_CACHED_CHARS = 4096


def split(text: str) -> tuple[str, ...]:
    """Return the pieces of a text, in order; joined they are the text."""
    return _split_cached(text) if len(text) <= _CACHED_CHARS else tuple(_PIECE.findall(text))


@lru_cache(maxsize=1024)
def _split_cached(text: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(text))


def count(text: str) -> int:
    """Return how many pieces a text has."""
    return len(split(text))


def at_least(chars: int) -> int:
    """Return the fewest pieces that a text of so many characters can have, without reading it."""
    return -(-chars // LONGEST_PIECE_CHARS)

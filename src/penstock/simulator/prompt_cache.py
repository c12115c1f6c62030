"""Prompt caches of simulated vendors: which beginning of a prompt was seen before, counted in tokens.

A request marks places up to which its prompt may be kept. The longest marked beginning that was kept before is *read*;
what is marked beyond it is *created*. Beginnings are remembered by digest, the newest only, and for ever: nothing
expires, and none is too short, as it would be at a vendor's.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import msgspec

from penstock.simulator import tokens
from penstock.simulator.chance import digest

MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a prompt up to which it may be kept."""

    identity: bytes
    tokens: int
    for_an_hour: bool = False


@dataclass(slots=True)
class Prefix:
    """A prompt while it is being read, from its beginning on."""

    identity: bytes = b""
    tokens: int = 0
    marks: list[Mark] = field(default_factory=list)

    def add(self, part: object, text: str, other_tokens: int = 0) -> None:
        """Go on by one part of the prompt: its JSON value, and what it counts for."""
        self.identity = digest(self.identity, msgspec.json.encode(part, order="deterministic"))
        self.tokens += tokens.count(text) + other_tokens

    @property
    def keeps_short(self) -> bool:
        """Whether a place is marked that is not to be kept for an hour; none behind it may be."""
        return not all(mark.for_an_hour for mark in self.marks)

    def mark(self, *, for_an_hour: bool = False) -> None:
        """Mark this place."""
        self.marks.append(Mark(self.identity, self.tokens, for_an_hour))


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """Tokens of one prompt that came from the cache, and that went into it."""

    read: int = 0
    created: int = 0
    created_for_an_hour: int = 0
    """How many of ``created`` are kept for an hour."""


class PromptCache:
    """The beginnings that a simulator keeps."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def look(self, owner: str, marks: list[Mark]) -> CacheCounts:
        """Keep the marked beginnings of a prompt, and return what was there of it; ``owner`` is a model's name."""
        known = [mark.tokens for mark in marks if (owner, mark.identity) in self._kept]
        read = max(known, default=0)
        counted = read
        for_an_hour = 0
        for mark in marks:
            if mark.tokens > counted:
                for_an_hour += (mark.tokens - counted) if mark.for_an_hour else 0
                counted = mark.tokens
            self._kept[owner, mark.identity] = None
            self._kept.move_to_end((owner, mark.identity))
        while len(self._kept) > MAX_REMEMBERED:
            self._kept.popitem(last=False)
        return CacheCounts(read, counted - read, for_an_hour)

    def forget(self) -> None:
        """Keep nothing."""
        self._kept.clear()

"""What is kept while one request is written: losses, cache markers, ids that were changed, features asked for.

The parts of ``lower`` share it. It knows nothing of messages or tools.
"""

from __future__ import annotations

import re

from penstock.core.chat import CacheMarker, ChatRequest
from penstock.core.chat_format import Losses
from penstock.wire.anthropic_messages.vocabulary import CACHE_TTLS, MOST_CACHE_MARKERS
from penstock.wire.call_ids import CallIds

_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


def _spell_id(given: str) -> str:
    return _NOT_IN_IDS.sub("_", given) or "call"


class Writing:
    """The state of one ``lower``."""

    __slots__ = ("_ids", "_markers", "betas", "losses", "request")

    def __init__(self, request: ChatRequest, losses: Losses) -> None:
        """Begin to write ``request``."""
        self.request = request
        self.losses = losses
        self.betas: set[str] = set()
        self._markers: list[tuple[dict[str, object], str]] = []
        self._ids: CallIds | None = None
        """Of the calls; None until there is one."""

    def end_turn(self) -> None:
        """Take note that the assistant's turn is over."""
        if self._ids is not None:
            self._ids.end_turn()

    def call_id(self, given: str, at: str) -> str:
        """Return the id of a tool call in the letters this API takes; it refuses two calls with one id."""
        written = self._call_ids().of_call(given)
        if written != given:
            why = "ids of tool calls are letters, digits, _ and - here, and unique: rewritten"
            self.losses.at(at, why, "approximated")
        return written

    def result_id(self, given: str) -> str:
        """Return the id of the call that a result is of."""
        return self._call_ids().of_result(given)

    def _call_ids(self) -> CallIds:
        if self._ids is None:
            self._ids = CallIds(_spell_id)
        return self._ids

    def mark(self, block: dict[str, object], at: str) -> None:
        """Note a block that carries a cache marker, in the order of the prompt."""
        self._markers.append((block, at))

    def limit_markers(self) -> None:
        """Take the earliest markers out when there are more than the API takes: a later one covers more."""
        surplus = len(self._markers) - MOST_CACHE_MARKERS
        if surplus <= 0:
            return
        for block, at in self._markers[:surplus]:
            del block["cache_control"]
            self.losses.at(
                f"{at}.cache_control", f"at most {MOST_CACHE_MARKERS} cache markers: the last ones", "clamped"
            )


def cache_control(marker: CacheMarker, at: str, block: dict[str, object], writing: Writing) -> None:
    """Put a cache marker on a block."""
    control = {"type": "ephemeral"}
    if marker.ttl in CACHE_TTLS:
        control["ttl"] = marker.ttl
    elif marker.ttl is not None:
        writing.losses.at(f"{at}.cache_control", "a cache lives 5m or 1h", "approximated")
    block["cache_control"] = control
    writing.mark(block, at)

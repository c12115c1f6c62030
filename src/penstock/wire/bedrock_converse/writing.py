"""What is kept while one request is written: losses, ids and names that were changed, fields for the model itself.

The parts of ``lower`` share it. It knows nothing of messages or tools.
"""

from __future__ import annotations

import re

from penstock.core.chat import CacheMarker, ChatRequest
from penstock.core.chat_format import Losses
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.vocabulary import (
    CACHE_TTLS,
    DEFAULT_CACHE_TTL,
    DOTTED_ID_VENDORS,
    MOST_CACHE_POINTS,
    vendor_of,
)
from penstock.wire.call_ids import CallIds

Json = dict[str, object]

_CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DOTTED_CALL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9\s()\[\]-]+")
_SPACES = re.compile(r"\s+")
_MOST_NAME_LENGTH = 200
_MOST_ID_LENGTH = 64


def _spell(given: str) -> str:
    return given if _CALL_ID.fullmatch(given) else _NOT_IN_IDS.sub("_", given)[:_MOST_ID_LENGTH] or "call"


def _spell_dotted(given: str) -> str:
    return given if _DOTTED_CALL_ID.fullmatch(given) else _spell(given)


class Writing:
    """The state of one ``lower``; ``model_fields`` becomes ``additionalModelRequestFields``."""

    __slots__ = (
        "_ids",
        "_names",
        "_points",
        "called",
        "facts",
        "losses",
        "model",
        "model_fields",
        "request",
        "vendor",
    )

    def __init__(self, request: ChatRequest, model: str, facts: ModelFacts) -> None:
        """Begin to write ``request`` for ``model``."""
        self.request = request
        self.model = model
        self.facts = facts
        self.vendor = vendor_of(model, facts)
        self.losses = Losses(request)
        self.model_fields: Json = {}
        self.called: dict[str, None] = {}
        """Names of the tools that the conversation has calls of, in their order; a stand-in for those of results."""
        self._ids: CallIds | None = None
        """Of the calls; None until there is one."""
        self._names: dict[str, int] = {}
        """Name of a document to the last number that was put behind it."""
        self._points: dict[int, tuple[Json, str]] = {}
        """Identity of a cache point to itself and where it was asked for."""

    def end_turn(self) -> None:
        """Take note that the assistant's turn is over."""
        if self._ids is not None:
            self._ids.end_turn()

    def call_id(self, given: str, at: str) -> str:
        """Return the id of a tool call in the letters and the length this API takes; Claude refuses two alike."""
        return self._as_written(self._call_ids().of_call(given), given, at)

    def result_id(self, given: str, at: str) -> str:
        """Return the id of the call that a result is of."""
        return self._as_written(self._call_ids().of_result(given), given, at)

    def _call_ids(self) -> CallIds:
        if self._ids is None:
            self._ids = CallIds(_spell_dotted if self.vendor in DOTTED_ID_VENDORS else _spell, _MOST_ID_LENGTH)
        return self._ids

    def _as_written(self, written: str, given: str, at: str) -> str:
        if written != given:
            why = "ids of tool calls are at most 64 letters, digits, _ and -, and unique: rewritten"
            self.losses.at(at, why, "approximated")
        return written

    def document_name(self, title: str | None, ending: str, at: str) -> str:
        """Return a name for a document in the letters this API takes, that no other document of the request has."""
        stem = title or ""
        if stem.lower().endswith(f".{ending}"):
            stem = stem[: -len(ending) - 1]
        plain = _SPACES.sub(" ", _NOT_IN_NAMES.sub(" ", stem)).strip()[: _MOST_NAME_LENGTH - 8].strip() or "document"
        name, number = plain, self._names.get(plain, 1)
        while name in self._names:
            number += 1
            name = f"{plain} ({number})"
        self._names[plain] = number
        self._names.setdefault(name, 1)
        if title and name != stem:
            self.losses.at(at, "names of documents are letters, digits, spaces, - ( ) [ ], and unique", "approximated")
        return name

    def cache_point(self, marker: CacheMarker, at: str) -> Json:
        """Return the block that stands behind a marked one."""
        point: Json = {"type": "default"}
        if marker.ttl in {None, DEFAULT_CACHE_TTL}:
            pass
        elif marker.ttl not in CACHE_TTLS:
            self.losses.at(f"{at}.cache_control", "a cache lives 5m or 1h", "approximated")
        elif self.vendor not in {"anthropic", ""}:
            self.losses.at(f"{at}.cache_control", "only Claude's cache lives longer than 5m", "approximated")
        else:
            point["ttl"] = marker.ttl
        block: Json = {"cachePoint": point}
        self._points[id(block)] = (block, at)
        return block

    def limit_cache_points(self, tools: list[Json], system: list[Json], turns: list[list[Json]]) -> None:
        """Take the earliest cache points out of the request's blocks when there are too many; a later one covers more.

        Cache points that are in none of the lists, since what they stand behind is not sent, are reported.
        """
        if not self._points:
            return
        lists = [tools, system, *turns]  # the order of the prompt
        present = [id(block) for blocks in lists for block in blocks if id(block) in self._points]
        if len(present) < len(self._points):
            kept = set(present)
            for at in (at for point, (_, at) in self._points.items() if point not in kept):
                self.losses.at(f"{at}.cache_control", "stands on a tool that is not offered")
        early = dict.fromkeys(present[: max(0, len(present) - MOST_CACHE_POINTS)])
        for point in early:
            why = f"at most {MOST_CACHE_POINTS} cache points: the last ones"
            self.losses.at(f"{self._points[point][1]}.cache_control", why, "clamped")
        for blocks in lists if early else ():
            blocks[:] = [block for block in blocks if id(block) not in early]

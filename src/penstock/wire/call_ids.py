"""Ids of tool calls in a conversation that may use one id again: which call a result is of, and ids that are unique.

Some vendors number their calls anew in each answer (``call_0``), and Anthropic's API refuses a conversation in which
two calls have one id. A result is of the nearest call before it that has its id; results of several calls of one turn
with one id are taken in their order. Which letters an id may have, each format says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class CallsById(Generic[T]):
    """Finds what was noted of a call by the id of its result."""

    __slots__ = ("_calls", "_of_turn")

    def __init__(self) -> None:
        """Begin in front of the conversation."""
        self._calls: dict[str, deque[T]] = {}
        """Id to the calls of the latest turn that has it: without those that have their result, but for the last."""
        self._of_turn: set[str] = set()

    def end_turn(self) -> None:
        """Take note that the assistant's turn is over."""
        self._of_turn.clear()

    def add(self, call_id: str, noted: T) -> None:
        """Note a call."""
        if call_id in self._of_turn:
            self._calls[call_id].append(noted)
        else:
            self._of_turn.add(call_id)
            self._calls[call_id] = deque((noted,))

    def answered_by(self, call_id: str) -> T | None:
        """Return what was noted of the call that a result with this id is of; None when there is none."""
        calls = self._calls.get(call_id)
        if calls is None:
            return None
        return calls.popleft() if len(calls) > 1 else calls[0]


class CallIds:
    """Writes ids of calls and of results, as a format takes them."""

    __slots__ = ("_calls", "_most_chars", "_spell", "_used")

    def __init__(self, spell: Callable[[str], str], most_chars: int | None = None) -> None:
        """Write ids as ``spell`` puts them into the letters of the format, in at most ``most_chars``."""
        self._spell = spell
        self._most_chars = most_chars
        self._calls: CallsById[str] = CallsById()
        self._used: dict[str, int] = {}
        """Id as it was written to the last number that was put behind it."""

    def end_turn(self) -> None:
        """Take note that the assistant's turn is over."""
        self._calls.end_turn()

    def of_call(self, given: str) -> str:
        """Return the id of a call, which no call before it has."""
        plain = written = self._spell(given)
        number = self._used.get(plain, 1)
        while written in self._used:
            number += 1
            suffix = f"_{number}"
            written = plain[: None if self._most_chars is None else self._most_chars - len(suffix)] + suffix
        self._used[plain] = number
        self._used.setdefault(written, 1)
        self._calls.add(given, written)
        return written

    def of_result(self, given: str) -> str:
        """Return the id of a result: that of its call."""
        return self._calls.answered_by(given) or self.of_call(given)

"""What is wrong with a configuration, and where: file, line, column, path.

Reading a configuration does not stop at the first mistake. Each step reports to one :class:`Findings`, which knows
the files' trees (and so the place of every path) and which values came from variables (and so must not be shown).
What is right or wrong is decided by the steps themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from penstock.config.yaml_tree import KeyPath, Node, Place, SyntaxProblem, nearest_place
from penstock.core.errors import OperatorError

Severity = Literal["error", "warning", "note"]
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

_SHORTEST_HIDDEN = 6
_MOST_SHOWN = 100
_BARE_KEY = re.compile(r"[\w*/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, or (a warning) unwise, or (a note) worth knowing."""

    message: str
    path: KeyPath = ()
    place: Place | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        """Write ``file:line:column: severity: path: message``, as far as these are known."""
        parts = [str(self.place) if self.place else "", self.severity, write_path(self.path), self.message]
        return ": ".join(part for part in parts if part)


class ConfigurationInvalid(OperatorError):
    """A configuration that cannot be used; ``problems`` are all its errors, then its warnings."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take the problems; the text of the error is one line for each."""
        self.problems = tuple(problems)
        more = len(self.problems) - _MOST_SHOWN
        lines = [*map(str, self.problems[:_MOST_SHOWN]), *([f"... and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(lines))


@dataclass(slots=True)
class Findings:
    """Problems found so far in the configuration that ``trees`` hold."""

    trees: Sequence[Node] = ()
    problems: list[Problem] = field(default_factory=list)
    broken: set[KeyPath] = field(default_factory=set)
    """Parts that were left out because of a reported error; what is said of them later would mislead."""
    variables: dict[str, str] = field(default_factory=dict)
    """Values that came from the environment, and the variables' names."""
    elsewhere: dict[KeyPath, str] = field(default_factory=dict)
    """Settings that no file gave, and what did: a variable or an option of the command line."""
    files: Sequence[str] = ()
    """Every file in the order in which it was named."""

    def error(self, path: KeyPath, message: str) -> None:
        """Report an error in the value at ``path``, or in the short form that stands for it."""
        self._add("error", path, message)

    def key_error(self, path: KeyPath, message: str) -> None:
        """Report an error in the key at ``path``, and not in its value."""
        self._add("error", path, message, at_key=True)

    def missing(self, path: KeyPath, message: str) -> None:
        """Report that nothing stands at ``path``, and should."""
        self._add("error", path, message, is_missing=True)

    def warning(self, path: KeyPath, message: str) -> None:
        """Report something at ``path`` that works and is unwise."""
        self._add("warning", path, message)

    def syntax(self, problems: Iterable[SyntaxProblem]) -> None:
        """Report what the YAML reader found."""
        self.problems.extend(Problem(message=each.message, place=each.place) for each in problems)

    def hide(self, value: str, variable: str) -> None:
        """Show the variable's name wherever a message would show its value (short values are no secrets)."""
        if len(value) >= _SHORTEST_HIDDEN:
            self.variables[value] = variable

    def is_broken(self, path: KeyPath) -> bool:
        """Say whether ``path`` or what holds it was left out."""
        return any(path[:length] in self.broken for length in range(1, len(path) + 1))

    def breaks_under(self, path: KeyPath) -> bool:
        """Say whether anything at or below ``path`` was left out."""
        return any(each[: len(path)] == path for each in self.broken)

    @property
    def failed(self) -> bool:
        """Whether there is any error."""
        return any(problem.severity == "error" for problem in self.problems)

    def sorted(self) -> list[Problem]:
        """Return each problem once, errors first, in the order of the files; no value of a variable is shown."""
        masked = {replace(problem, message=self._mask(problem.message)): None for problem in self.problems}
        names = dict.fromkeys([*self.files, *(tree.place.file for tree in self.trees)])
        files = {file: number for number, file in enumerate(names)}
        return sorted(masked, key=lambda problem: _order(problem, files))

    def _add(
        self, severity: Severity, path: KeyPath, message: str, *, at_key: bool = False, is_missing: bool = False
    ) -> None:
        if path in self.elsewhere:
            self.problems.append(Problem(message=message, path=(self.elsewhere[path],), severity=severity))
            return
        found = [nearest_place(tree, path, at_key=at_key or is_missing) for tree in self.trees]
        place, depth = max(found, key=lambda each: each[1], default=(None, len(path)))
        shown = path if is_missing else path[:depth]
        if place is not None and place.path:
            shown = place.path
        self.problems.append(Problem(message=message, path=shown, place=place, severity=severity))

    def _mask(self, message: str) -> str:
        # Longest first: a value may begin with another, and no rest of it may stay.
        for value in sorted(self.variables, key=len, reverse=True):
            message = message.replace(value, f"${{{self.variables[value]}}}")
        return message


def write_path(path: KeyPath) -> str:
    """Write a path as ``models."gpt-4.1".targets[0]``: keys that dots would confuse stand in quotes."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _BARE_KEY.fullmatch(key) else f'"{key}"')
    return text


def _order(problem: Problem, files: dict[str, int]) -> tuple[int, int, int, int]:
    place = problem.place
    severity = _SEVERITIES.index(problem.severity)
    if place is None:
        return severity, len(files), 0, 0
    return severity, files.get(place.file, -1), place.line, place.column

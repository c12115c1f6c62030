"""No module and no class whose name says nothing: a name says which question it answers.

The names of functions and variables are the business of review.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.repository import python_files

BANNED = frozenset(
    {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "managers", "processor", "processors"}
)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def find(root: Path) -> Iterator[str]:
    """Yield one line for each banned name of a folder, a module or a class (whose last word counts)."""
    for path in python_files(root):
        name = path.relative_to(root)
        for part in (*name.parent.parts, path.stem):
            if part.strip("_").removeprefix("test_") in BANNED:
                yield f"{name}: {part!r} says nothing"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and _last_word(node.name) in BANNED:
                yield f"{name}:{node.lineno}: {node.name!r} says nothing"


def _last_word(class_name: str) -> str:
    words: list[str] = _WORDS.findall(class_name)
    return words[-1].lower() if words else ""

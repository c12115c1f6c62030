"""No file over 800 lines and no function over 80, so that both can be read in one go.

A file over 400 lines is named as a warning: it still has time to become a package. Tests are held to the same. Whether
a function is also too complicated is left to its reader.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.repository import python_files

FILE_LIMIT = 800
FILE_WARNING = 400
FUNCTION_LIMIT = 80


def find(root: Path) -> Iterator[str]:
    """Yield one line for each file or function that is too long."""
    for path in python_files(root):
        name = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > FILE_LIMIT:
            yield f"{name}: {lines} lines, over {FILE_LIMIT}"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LIMIT:
                    yield f"{name}:{node.lineno}: {node.name} has {length} lines, over {FUNCTION_LIMIT}"


def warn(root: Path) -> Iterator[str]:
    """Yield one line for each file that is on its way to being too long."""
    for path in python_files(root):
        lines = path.read_text(encoding="utf-8").count("\n")
        if FILE_WARNING < lines <= FILE_LIMIT:
            yield f"{path.relative_to(root)}: {lines} lines; aim for at most {FILE_WARNING}"

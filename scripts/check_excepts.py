"""Only the request boundary catches everything: elsewhere a broad ``except`` hides a defect.

A broad handler that raises again hides nothing and is allowed anywhere. ``raise NotImplementedError`` is refused too: a
stub is not done. Tests and measurements may catch what they like.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.repository import python_files

BOUNDARY = "src/penstock/transport/server_protocol.py"
"""The one file where whatever else went wrong in answering a request ends that request, and only that."""
BROAD = frozenset({"Exception", "BaseException"})


def find(root: Path) -> Iterator[str]:
    """Yield one line for each broad handler outside the boundary, and for each stub."""
    for path in python_files(root, ("src",)):
        name = path.relative_to(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and str(name) != BOUNDARY and _is_broad(node):
                yield f"{name}:{node.lineno}: a broad except outside {BOUNDARY}"
            if isinstance(node, ast.Raise) and _named(node.exc) == "NotImplementedError":
                yield f"{name}:{node.lineno}: a stub is not done"


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(kind is None or _named(kind) in BROAD for kind in caught)
    last = handler.body[-1]
    raises_again = isinstance(last, ast.Raise) and last.exc is None
    return broad and not raises_again


def _named(node: ast.expr | None) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""

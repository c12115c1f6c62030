"""Which files of this repository the house checks look at.

Both functions take the root, so that a test can point a check at a tree of its own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON_FOLDERS = ("src", "tests", "scripts", "bench", "examples")


def python_files(root: Path, folders: tuple[str, ...] = PYTHON_FOLDERS) -> Iterator[Path]:
    """Yield our Python files, committed or not; installed packages and hidden folders are not ours."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).parts
            if "node_modules" not in parts and not any(part.startswith(".") for part in parts):
                yield path


def text_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text file that git tracks or would add, with its text."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listing.split("\0"):
        path = root / name
        if name and path.is_file():
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue

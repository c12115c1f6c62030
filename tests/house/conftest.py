from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest


class Plant(Protocol):
    def __call__(self, name: str, text: str = "") -> None: ...


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write a file below ``tmp_path``, which stands for a repository."""

    def write(name: str, text: str = "") -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write

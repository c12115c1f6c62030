"""Bring a generated file up to date, or say that it is stale."""

from __future__ import annotations

from pathlib import Path


def bring_up_to_date(page: Path, new: str, *, check: bool) -> int:
    """Write the text where it differs, or with ``check`` only say that it does; returns the exit status."""
    if page.exists() and page.read_text(encoding="utf-8") == new:
        return 0
    if check:
        print(f"{page.name} is stale")
        return 1
    page.write_text(new, encoding="utf-8")
    return 0

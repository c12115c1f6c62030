"""Write the tables of measured figures into the README and ``docs/operations.md``, from ``bench/results``.

Run without arguments it writes; with ``--check`` it writes nothing and exits with 1 when a document is stale. Measuring
is the business of ``python -m bench`` and ``python -m bench.routes``; where nothing has been measured yet, there is
nothing to write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from bench import results, routes_text, table
from bench.results import Report
from scripts.repository import ROOT


def refresh(document: Path, report: Path, *, check: bool, block: Callable[[Report], str] = table.readme_block) -> int:
    """Bring one document up to date, or with ``check`` only say whether it is; returns the exit code."""
    if not report.exists():
        print(f"{report}: nothing has been measured yet")
        return 0
    old = document.read_text(encoding="utf-8")
    try:
        new = table.insert(old, block(results.read(report)))
    except ValueError:
        print(f"{document.name}: has no place for the table, {table.BEGIN} to {table.END}")
        return 1
    if new == old:
        return 0
    if check:
        print(f"{document.name}: the table is not that of {report.name}")
        return 1
    document.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    only_check = "--check" in sys.argv[1:]
    stale = refresh(ROOT / "README.md", results.LATEST, check=only_check)
    operations = ROOT / "docs" / "operations.md"
    sys.exit(refresh(operations, results.ROUTES, check=only_check, block=routes_text.block) or stale)

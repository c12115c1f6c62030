"""Write the table of measured figures into the README, from ``bench/results/latest.json``.

Run without arguments it writes; with ``--check`` it writes nothing and exits with 1 when the README is stale. Measuring
is ``python -m bench``'s business; where nothing has been measured yet, there is nothing to write.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench import results, table
from scripts.repository import ROOT


def refresh(readme: Path, report: Path, *, check: bool) -> int:
    """Bring one document up to date, or with ``check`` only say whether it is; returns the exit code."""
    if not report.exists():
        print(f"{report}: nothing has been measured yet")
        return 0
    old = readme.read_text(encoding="utf-8")
    try:
        new = table.insert(old, table.readme_block(results.read(report)))
    except ValueError:
        print(f"{readme.name}: has no place for the table, {table.BEGIN} to {table.END}")
        return 1
    if new == old:
        return 0
    if check:
        print(f"{readme.name}: the table is not that of {report.name}")
        return 1
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(refresh(ROOT / "README.md", results.LATEST, check="--check" in sys.argv[1:]))

"""Run the house checks: every ``scripts/check_*.py``, found by scanning this folder.

A check is a module with ``find(root)``, which yields one line for each breach. It may also have ``warn(root)``, whose
lines are shown and fail nothing. Run as ``python -m scripts.run_checks [name …]``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from scripts.repository import ROOT


def names() -> list[str]:
    """Return the checks there are, by name: ``lengths`` for ``check_lengths.py``."""
    return sorted(path.stem.removeprefix("check_") for path in Path(__file__).parent.glob("check_*.py"))


def run(name: str, root: Path) -> bool:
    """Run one check, print what it says, and return whether the rule is kept."""
    check = import_module(f"scripts.check_{name}")
    for line in check.warn(root) if hasattr(check, "warn") else ():
        print(f"  warning: {line}")
    breaches = list(check.find(root))
    print(f"{'BROKEN' if breaches else 'kept  '}  {name}: {str(check.__doc__).splitlines()[0]}")
    for line in breaches:
        print(f"  {line}")
    return not breaches


def main() -> int:
    """Run the named checks, or all; 1 when one found something."""
    kept = [run(name, ROOT) for name in sys.argv[1:] or names()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

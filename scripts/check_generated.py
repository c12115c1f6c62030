"""Generated files are fresh: each ``scripts/generate_*.py`` says so when asked with ``--check``.

Such a script writes its files when run without arguments; with ``--check`` it writes nothing, prints what is stale and
exits with 1.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def find(root: Path) -> Iterator[str]:
    """Yield what each generator says that has something stale, or that fails."""
    for path in sorted((root / "scripts").glob("generate_*.py")):
        ran = subprocess.run(
            [sys.executable, "-m", f"scripts.{path.stem}", "--check"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            yield from ((ran.stdout + ran.stderr).strip() or f"{path.name} --check failed").splitlines()
            yield f"{path.relative_to(root)}: stale; run `make generate`"

"""Rules of the house that ruff keeps for us, tried on code that breaks them, under our own configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.repository import ROOT
from tests.house.conftest import Plant

DOCSTRING = '"""What, why, and what not."""\n'


def findings(root: Path, name: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", name],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("D100", "x = 1\n"),
        ("D102", f'{DOCSTRING}class C:\n    """Has a method."""\n\n    def f(self) -> None:\n        print()\n'),
        ("D103", f"{DOCSTRING}def f() -> None:\n    print()\n"),
        (
            "RUF006",
            (
                f"{DOCSTRING}import asyncio\n\n\nasync def f() -> None:\n"
                '    """Start and forget."""\n    asyncio.create_task(asyncio.sleep(1))\n'
            ),
        ),
        ("S307", f"{DOCSTRING}x = eval('1')\n"),
        ("T201", f"{DOCSTRING}print(1)\n"),
        ("ANN001", f'{DOCSTRING}def f(x) -> None:\n    """Take anything."""\n'),
    ],
)
def test_a_breach_in_the_source_is_found(plant: Plant, tmp_path: Path, rule: str, text: str) -> None:
    plant("pyproject.toml", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    plant("src/penstock/wire/planted.py", text)

    assert f" {rule} " in findings(tmp_path, "src/penstock/wire/planted.py")


def test_every_ignored_rule_has_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("ignore = [")
    ignored = lines[start + 1 : lines.index("]", start)]

    assert [line for line in ignored if "#" not in line] == []

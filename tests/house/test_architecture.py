from __future__ import annotations

import re
import tomllib

from scripts.repository import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src" / "penstock"


def listed_rows() -> dict[str, int]:
    """Return each module of the page's table with its row."""
    return {name: int(row) for row, name in re.findall(r"^\| (\d+) \| `([a-z_./]+)` \|", PAGE, re.MULTILINE)}


def test_the_page_lists_exactly_the_modules_there_are() -> None:
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    files = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "__main__.py"}

    assert set(listed_rows()) == folders | files


def test_the_page_has_the_rows_of_the_checked_contract() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers: list[str] = config["tool"]["importlinter"]["contracts"][0]["layers"]
    contract = {name: row for row, layer in enumerate(layers) for name in re.findall(r"\w+", layer)}
    listed = {name.removesuffix("/").removesuffix(".py"): row for name, row in listed_rows().items()}

    for one, one_row in listed.items():
        for other, other_row in listed.items():
            assert (one_row < other_row) == (contract[one] < contract[other]), (one, other)


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:src|scripts|docs)/[\w./*-]+)`", PAGE)

    missing = [name for name in named if "/x.py" not in name and not list(ROOT.glob(name))]

    assert named
    assert missing == []

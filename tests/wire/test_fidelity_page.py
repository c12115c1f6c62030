"""The page on what translation must not break names vectors and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "translation-fidelity.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| What users report")]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`([^`]+/[^`]+)`", row)})


def test_every_row_is_shown_by_something() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        assert re.search(r"`[^`]+/[^`]+` *\|$", row), row


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    if name.startswith("tests/"):
        path, _, function = name.partition("::")
        assert re.search(rf"^(async )?def {function}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    else:
        assert (ROOT / "tests" / "vectors" / "chat" / name / "case.json").is_file()

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.generate_fault_table import refresh, render
from tests.clients.fault_table import ROWS


def test_every_fault_has_a_line() -> None:
    lines = render().splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == [f"fault-{name}" for name in ROWS]


def test_a_stale_page_is_told_and_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "faults.md"
    assert refresh(page, check=True) == 1
    assert "faults.md is stale" in capsys.readouterr().out
    assert not page.exists()
    assert refresh(page, check=False) == 0
    assert page.read_text("utf-8") == render()
    assert refresh(page, check=True) == 0

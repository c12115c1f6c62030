from __future__ import annotations

from pathlib import Path

import pytest

from penstock.simulator.faults import FAULTS
from scripts.generate_simulator_docs import BEGIN, END, refresh, render, with_table


def test_every_fault_has_a_line_with_what_it_does() -> None:
    lines = [line for line in render().splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == [f"fault-{fault.name}" for fault in FAULTS]
    assert all(f"| {fault.does} |" in line for fault, line in zip(FAULTS, lines, strict=True))


def test_a_stale_table_is_told_and_then_written_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "simulator.md"
    stale = f"before\n{BEGIN}stale\n{END}after\n"
    page.write_text(stale, encoding="utf-8")
    assert refresh(page, check=True) == 1
    assert "simulator.md is stale" in capsys.readouterr().out
    assert page.read_text("utf-8") == stale
    assert refresh(page, check=False) == 0
    assert page.read_text("utf-8") == f"before\n{BEGIN}{render()}{END}after\n"
    assert refresh(page, check=True) == 0


@pytest.mark.parametrize("page", ["", BEGIN, END, END + BEGIN])
def test_a_page_without_the_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="has no"):
        with_table(page)

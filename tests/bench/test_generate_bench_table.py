from __future__ import annotations

from pathlib import Path

import pytest

from bench import results, table
from bench.results import Report
from scripts.generate_bench_table import refresh

REPORT = Report(
    date="2026-11-23",
    rounds=5,
    seconds=2.5,
    machine={"cpu": "made-up", "cores": "2"},
    versions={"envoy": "1.40.0"},
    left_out={},
    rows=[],
)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "latest.json"
    results.write(REPORT, path)
    return path


def test_a_stale_table_is_told_and_then_written(
    tmp_path: Path, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n{table.BEGIN}\nold\n{table.END}\nrest\n")
    assert refresh(readme, report, check=True) == 1
    assert "old" in readme.read_text()
    assert "README.md" in capsys.readouterr().out
    assert refresh(readme, report, check=False) == 0
    assert table.readme_block(REPORT) in readme.read_text()
    assert refresh(readme, report, check=True) == 0


def test_a_readme_without_a_place_for_the_table_is_told(tmp_path: Path, report: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n")
    assert refresh(readme, report, check=True) == 1


def test_without_a_measurement_there_is_nothing_to_write(tmp_path: Path) -> None:
    assert refresh(tmp_path / "README.md", tmp_path / "none.json", check=True) == 0


def test_another_document_has_another_block(tmp_path: Path, report: Path) -> None:
    page = tmp_path / "operations.md"
    page.write_text(f"{table.BEGIN}\nold\n{table.END}\n")
    block = f"{table.BEGIN}\n2026-11-23\n{table.END}"
    assert refresh(page, report, check=False, block=lambda _report: block) == 0
    assert page.read_text() == f"{block}\n"

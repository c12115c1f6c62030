from __future__ import annotations

from pathlib import Path

import pytest

from scripts import run_checks
from scripts.repository import ROOT
from tests.house.conftest import Plant


def test_every_check_is_found_and_has_a_test_file() -> None:
    assert "lengths" in run_checks.names()
    assert all((ROOT / f"tests/house/test_check_{name}.py").is_file() for name in run_checks.names())


def test_a_breach_is_shown_and_fails(plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant("src/penstock/long.py", "x = 1\n" * 801)

    assert not run_checks.run("lengths", tmp_path)
    assert capsys.readouterr().out.splitlines()[1:] == ["  src/penstock/long.py: 801 lines, over 800"]


def test_a_warning_is_shown_and_does_not_fail(plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant("src/penstock/long.py", "x = 1\n" * 401)

    assert run_checks.run("lengths", tmp_path)
    assert capsys.readouterr().out.startswith("  warning: src/penstock/long.py: 401 lines")

from __future__ import annotations

from pathlib import Path

from scripts import check_lengths
from tests.house.conftest import Plant


def function_of(lines: int) -> str:
    return "def f():\n" + "    pass\n" * (lines - 1)


def test_a_file_of_800_lines_is_warned_about_and_one_more_is_refused(plant: Plant, tmp_path: Path) -> None:
    plant("src/penstock/wire/long.py", "x = 1\n" * 800)
    plant("src/penstock/wire/longer.py", "x = 1\n" * 801)

    assert list(check_lengths.find(tmp_path)) == ["src/penstock/wire/longer.py: 801 lines, over 800"]
    assert list(check_lengths.warn(tmp_path)) == ["src/penstock/wire/long.py: 800 lines; aim for at most 400"]


def test_a_file_of_400_lines_is_fine(plant: Plant, tmp_path: Path) -> None:
    plant("src/penstock/wire/fine.py", "x = 1\n" * 400)

    assert list(check_lengths.warn(tmp_path)) == []


def test_a_function_of_80_lines_is_fine_and_one_more_line_is_refused(plant: Plant, tmp_path: Path) -> None:
    plant("tests/wire/test_fine.py", function_of(80))
    plant("tests/wire/test_long.py", function_of(81))

    assert list(check_lengths.find(tmp_path)) == ["tests/wire/test_long.py:1: f has 81 lines, over 80"]


def test_a_long_method_inside_a_class_is_found(plant: Plant, tmp_path: Path) -> None:
    body = "        pass\n" * 80
    plant("src/penstock/x.py", f"class C:\n    async def f(self):\n{body}")

    assert list(check_lengths.find(tmp_path)) == ["src/penstock/x.py:2: f has 81 lines, over 80"]


def test_installed_packages_are_not_ours(plant: Plant, tmp_path: Path) -> None:
    plant("bench/.peers/rival/rival.py", "x = 1\n" * 900)
    plant("tests/clients/node/node_modules/gyp/gyp.py", "x = 1\n" * 900)

    assert list(check_lengths.find(tmp_path)) == []

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_names
from tests.house.conftest import Plant


@pytest.mark.parametrize(
    "name",
    ["src/penstock/wire/utils.py", "src/penstock/_helpers.py", "tests/wire/test_misc.py", "src/penstock/common/sse.py"],
)
def test_a_module_or_folder_that_says_nothing_is_refused(plant: Plant, tmp_path: Path, name: str) -> None:
    plant(name)

    assert len(list(check_names.find(tmp_path))) == 1


@pytest.mark.parametrize("name", ["ConnectionManager", "Base", "HTTPHelper", "_EventProcessor"])
def test_a_class_that_says_nothing_is_refused(plant: Plant, tmp_path: Path, name: str) -> None:
    plant("src/penstock/pool.py", f"class {name}:\n    pass\n")

    assert list(check_names.find(tmp_path)) == [f"src/penstock/pool.py:1: {name!r} says nothing"]


@pytest.mark.parametrize("name", ["BasePath", "Database", "ManagerApi", "A1", "_"])
def test_a_name_that_only_contains_such_a_word_is_fine(plant: Plant, tmp_path: Path, name: str) -> None:
    plant("src/penstock/database.py", f"class {name}:\n    pass\n")

    assert list(check_names.find(tmp_path)) == []

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_test_files
from tests.house.conftest import Plant


@pytest.fixture
def tree(plant: Plant, tmp_path: Path) -> Path:
    """A repository that has what the exemptions speak of."""
    for pattern in check_test_files.EXEMPT:
        plant(f"src/penstock/{pattern.replace('*', 'some')}")
    return tmp_path


def test_a_source_file_without_its_test_file_is_found(plant: Plant, tree: Path) -> None:
    plant("src/penstock/wire/new_format.py")

    assert list(check_test_files.find(tree)) == ["src/penstock/wire/new_format.py: no tests/wire/test_new_format.py"]


def test_the_test_file_stands_where_the_source_stands(plant: Plant, tree: Path) -> None:
    plant("src/penstock/wire/new_format.py")
    plant("tests/transport/test_new_format.py")

    assert len(list(check_test_files.find(tree))) == 1

    plant("tests/wire/test_new_format.py")

    assert list(check_test_files.find(tree)) == []


def test_a_folder_that_grew_out_of_a_module_may_be_tested_as_a_whole(plant: Plant, tree: Path) -> None:
    plant("src/penstock/wire/new_format/stream.py")

    places = "tests/wire/new_format/test_stream.py or tests/wire/test_new_format.py"
    assert list(check_test_files.find(tree)) == [f"src/penstock/wire/new_format/stream.py: no {places}"]

    plant("tests/wire/test_new_format.py")

    assert list(check_test_files.find(tree)) == []


def test_a_module_at_the_top_is_tested_at_the_top(plant: Plant, tree: Path) -> None:
    plant("src/penstock/app.py")

    assert list(check_test_files.find(tree)) == ["src/penstock/app.py: no tests/test_app.py"]


def test_a_new_provider_file_needs_no_test_code(plant: Plant, tree: Path) -> None:
    plant("src/penstock/providers/newcomer.py")

    assert list(check_test_files.find(tree)) == []


def test_an_exemption_of_a_file_that_is_gone_is_found(plant: Plant, tree: Path) -> None:
    (tree / "src/penstock/core/endpoint.py").unlink()

    assert list(check_test_files.find(tree)) == [
        "scripts/check_test_files.py: nothing matches the exemption 'core/endpoint.py'"
    ]

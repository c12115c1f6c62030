from __future__ import annotations

from pathlib import Path

from scripts import check_generated
from tests.house.conftest import Plant

GENERATOR = "scripts/generate_table.py"


def test_what_is_stale_is_named_with_what_its_generator_says(plant: Plant, tmp_path: Path) -> None:
    plant(GENERATOR, "import sys\nprint('docs/table.md is stale')\nsys.exit('--check' in sys.argv)\n")

    assert list(check_generated.find(tmp_path)) == [
        "docs/table.md is stale",
        "scripts/generate_table.py: stale; run `make generate`",
    ]


def test_what_is_fresh_is_not_named(plant: Plant, tmp_path: Path) -> None:
    plant(GENERATOR, "print('docs/table.md is fresh')\n")

    assert list(check_generated.find(tmp_path)) == []


def test_a_generator_that_fails_does_not_pass_for_fresh(plant: Plant, tmp_path: Path) -> None:
    plant(GENERATOR, "raise SystemExit(3)\n")

    assert list(check_generated.find(tmp_path)) == [
        "generate_table.py --check failed",
        "scripts/generate_table.py: stale; run `make generate`",
    ]

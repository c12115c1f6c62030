from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import check_links
from tests.house.conftest import Plant


@pytest.fixture
def tree(plant: Plant, tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    plant("docs/here.md", "# Here\n")
    return tmp_path


def test_a_link_that_leads_nowhere_is_found(plant: Plant, tree: Path) -> None:
    plant("docs/page.md", "See [this](../gone.md) and [that](gone.md#part).\n")

    assert list(check_links.find(tree)) == [
        "docs/page.md: nothing is at ../gone.md",
        "docs/page.md: nothing is at gone.md#part",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[beside](here.md#part) and [from the top](/docs/here.md) and [folder](../docs/)",
        "[elsewhere](https://example.com/gone.md), [here](#part)",
        "```\n[not a link](gone.md)\n```\nand `[nor this](gone.md)`",
    ],
)
def test_links_that_lead_somewhere_and_code_are_fine(plant: Plant, tree: Path, text: str) -> None:
    plant("docs/page.md", text)

    assert list(check_links.find(tree)) == []

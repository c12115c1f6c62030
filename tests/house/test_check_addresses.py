from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import check_addresses
from scripts.repository import ROOT

HOST = check_addresses.DEFAULT_REGISTRIES[0]
FOLDER = "/home"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        f"--index-url https://{HOST}/simple",
        f"see Files.{HOST.title()}",
        f"config: {FOLDER}/somebody/gateway.yaml",
        f"cd {ROOT}/src",
    ],
)
def test_a_registry_or_a_path_of_a_machine_is_found_in_any_file(tree: Path, line: str) -> None:
    (tree / "notes.md").write_text(f"first line\n{line}\n", encoding="utf-8")

    assert [found.split(" names ")[0] for found in check_addresses.find(tree)] == ["notes.md:2:"]


@pytest.mark.parametrize(
    "line", ["https://api.openai.com/v1", f"https://example.com{FOLDER}/page", "/etc/penstock.yaml"]
)
def test_other_addresses_and_paths_are_fine(tree: Path, line: str) -> None:
    (tree / "notes.md").write_text(f"{line}\n", encoding="utf-8")

    assert list(check_addresses.find(tree)) == []


def test_what_git_ignores_and_what_is_not_text_is_not_read(tree: Path) -> None:
    (tree / ".gitignore").write_text("ignored.txt\n", encoding="utf-8")
    (tree / "ignored.txt").write_text(HOST, encoding="utf-8")
    (tree / "image.bin").write_bytes(b"\xff\xfe" + HOST.encode())

    assert list(check_addresses.find(tree)) == []

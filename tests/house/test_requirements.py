"""The locks: complete, hashed, free of addresses, and agreeing with each other."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement

from scripts.repository import ROOT

LOCKS = ("runtime", "build", "test")
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ; [^\\]+)? \\\n(?P<hashes>(?:    --hash.*\n)*)", re.MULTILINE
)


def lock_text(name: str) -> str:
    return (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    return {match["name"]: match["version"] for match in PIN.finditer(lock_text(name))}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_nothing_names_an_address(name: str) -> None:
    text = lock_text(name)
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert len(packages) == len(pins(name)) > 0
    assert all("--hash=sha256:" in match["hashes"] for match in PIN.finditer(text))
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_the_test_lock_holds_the_same_versions_as_the_smaller_locks(name: str) -> None:
    assert pins(name).items() <= pins("test").items()


@pytest.mark.parametrize("name", ["runtime", "test"])
def test_what_the_project_depends_on_is_locked_at_a_version_it_accepts(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = pins(name)

    for requirement in map(Requirement, project["dependencies"]):
        assert requirement.specifier.contains(locked[requirement.name]), requirement


def test_what_the_tests_ask_for_is_locked_at_a_version_they_accept() -> None:
    locked = pins("test")
    lines = (ROOT / "requirements/test.in").read_text(encoding="utf-8").splitlines()
    asked = [line.split("#")[0].strip() for line in lines if line and not line.startswith(("#", "-r"))]

    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(locked[requirement.name.lower()]), requirement


def test_the_node_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((ROOT / "tests/clients/node/package-lock.json").read_text(encoding="utf-8"))
    installed = {name: entry for name, entry in lock["packages"].items() if name}

    assert all(entry["integrity"].startswith("sha512-") for entry in installed.values())
    assert not any("resolved" in entry for entry in installed.values())
    assert {f"node_modules/{name}" for name in lock["packages"][""]["dependencies"]} <= set(installed)

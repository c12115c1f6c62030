"""Every folder of ``examples`` is loaded, served, and described truly by its README."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from penstock.config.native_yaml import load_files
from penstock.routing.choose_model import choose
from tests.cli.penstock_process import get_json, starting

_ROOT = Path(__file__).parents[2]
_EXAMPLES = sorted(path.parent for path in (_ROOT / "examples").glob("*/config.yaml"))


def _variables(example: Path) -> dict[str, str]:
    """Return a value for every variable that the example needs; those with defaults are left unset."""
    names = re.findall(r"\$\{(\w+)\}", (example / "config.yaml").read_text(encoding="utf-8"))
    return {name: f"value-{number}-of-{name.lower()}" for number, name in enumerate(names)}


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 2


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example.name)
def test_example_is_valid(example: Path) -> None:
    loaded = load_files([str(example / "config.yaml")], _variables(example))

    assert not loaded.warnings


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example.name)
def test_readme_sets_every_variable_and_asks_for_models_that_exist(example: Path) -> None:
    readme = (example / "README.md").read_text(encoding="utf-8")
    snapshot = load_files([str(example / "config.yaml")], _variables(example)).snapshot
    bodies = re.findall(r"-d '(.*)'", readme)

    assert set(_variables(example)) <= set(re.findall(r"(\w+)=", readme))
    assert f"penstock serve examples/{example.name}/config.yaml" in readme
    assert bodies
    for body in bodies:
        choose(snapshot.models, snapshot.patterns, json.loads(body)["model"])


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example.name)
def test_example_is_served(example: Path, tmp_path: Path) -> None:
    arguments = ["serve", str(example / "config.yaml"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    with starting(tmp_path, *arguments, variables=_variables(example)) as penstock:
        admin_url = penstock.wait_for(r"serves on \S+ \(admin: (\S+)\)")[1]

        assert get_json(f"{admin_url}/health")["status"] == "ok"
        assert penstock.end() == 0
    assert "Traceback" not in penstock.printed()

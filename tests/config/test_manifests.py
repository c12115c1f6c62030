"""Manifests of the Envoy AI Gateway: golden cases, what they compile to, and that ``migrate`` changes nothing.

A golden case is a folder of ``tests/vectors/manifests``: its ``*.yaml`` files are loaded together, and
``expected.txt`` holds what an operator is told. A new case is a new folder.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from penstock.cli.snapshot_text import render_snapshot
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid

_CASES = Path(__file__).parents[1] / "vectors" / "manifests"
_CANARY = "canary"
_ENVIRON = {"OPENAI_API_KEY": f"sk-{_CANARY}-from-the-environment", "CLIENT_KEY": f"pk-{_CANARY}-0123456789"}


def describe(files: list[str]) -> str:
    """Return what ``penstock check`` would say of files, but for colours."""
    try:
        loaded = load_files(files, _ENVIRON)
    except ConfigurationInvalid as error:
        return f"{error}\n"
    told = [*map(str, loaded.warnings), *map(str, loaded.notes), "", render_snapshot(loaded.snapshot)]
    return "\n".join(told)


@pytest.mark.parametrize("case", sorted(_CASES.iterdir()), ids=lambda case: case.name)
def test_operator_is_told_what_the_case_says(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)

    told = describe(sorted(path.name for path in case.glob("*.yaml")))

    assert told == (case / "expected.txt").read_text(encoding="utf-8")
    assert _CANARY not in told


def test_secret_of_a_manifest_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{apiKey: [{_CANARY}]}}\nstringData: {_CANARY}\n",
        encoding="utf-8",
    )

    with pytest.raises(ConfigurationInvalid) as caught:
        load_files([str(path)], {})

    assert _CANARY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)


def test_file_of_more_than_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"apiVersion: v1\nkind: ConfigMap\n#" + b" " * 10 * 1024 * 1024)

    with pytest.raises(ConfigurationInvalid, match="the file is larger than 10 MiB"):
        load_files([str(path)], {})

"""Manifests of the Envoy AI Gateway: golden cases, what they compile to, and that ``migrate`` changes nothing.

A golden case is a folder of ``tests/vectors/manifests``: its ``*.yaml`` files are loaded together, and
``expected.txt`` holds what an operator is told. A new case is a new folder.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.snapshot_text import render_snapshot
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid, Problem

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


_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "a", "A b", "${X}", "${X:-1}", 0, -1, 1.5, True, [], [None], {}, {"": {}}, "x" * 300]
)


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """Return the text of a golden case in which some values are others, missing or renamed."""
    case = draw(st.sampled_from(_RIGHT_CASES))
    documents = list(yaml.safe_load_all((_CASES / case / "a.yaml").read_text(encoding="utf-8")))
    for _ in range(draw(st.integers(1, 3))):
        _damage(draw, documents)
    return "\n---\n".join(json.dumps(each, default=str) for each in documents)


def _damage(draw: st.DrawFn, documents: list[Any]) -> None:
    parent: Any = documents
    while True:
        keys = list(range(len(parent))) if isinstance(parent, list) else list(parent)
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if isinstance(parent[key], dict | list) and draw(st.integers(0, 4)):
            parent = parent[key]
            continue
        how = draw(st.sampled_from(["replace", "remove", "rename"]))
        value = parent.pop(key) if how != "replace" else None
        if how == "replace":
            parent[key] = deepcopy(draw(_ODD))  # a list may be drawn again, and must not end up in itself
        elif how == "rename" and isinstance(parent, dict):
            parent[f"{key}x"] = value
        return


_RIGHT_CASES = [
    "access-log",
    "another-namespace-with-grant",
    "balancers-in-front",
    "callers-with-keys",
    "changes-of-requests",
    "costs-and-limits",
    "every-schema-and-credential",
    "kinds-that-are-not-served-yet",
    "listeners-of-several-ports",
    "own-credential-of-callers",
    "plain-http-routes",
    "retries-waits-and-bounds",
    "routes-by-host-header-and-weight",
]


@given(text=_damaged())
def test_damaged_manifests_are_read_or_refused_with_a_place(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_text(text, encoding="utf-8")

    try:
        load_files([str(path)], _ENVIRON)
        problems: Sequence[Problem] = ()
    except ConfigurationInvalid as error:
        problems = error.problems
    assert all(problem.place is not None for problem in problems), problems


@pytest.mark.parametrize(
    "wrong",
    [
        "apiVersion: v1\nkind: Sercet\nmetadata: {name: a}\n",
        "apiVersion: v2\nkind: Secret\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: A B}\n",
        "apiVersion: v1\nkind: Secret\n",
        "just text\n",
        "a: &a [*a]\n",
        "a: [\n",
    ],
)
@pytest.mark.parametrize("case", _RIGHT_CASES)
def test_one_wrong_document_refuses_all_and_is_named(case: str, wrong: str, tmp_path: Path) -> None:
    right, other = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text((_CASES / case / "a.yaml").read_text("utf-8"), encoding="utf-8")
    other.write_text(f"{right.read_text('utf-8')}\n---\n{wrong}", encoding="utf-8")

    for paths in ([str(other)], [str(right), str(other)]):
        with pytest.raises(ConfigurationInvalid) as caught:
            load_files(paths, _ENVIRON)
        places = [problem.place for problem in caught.value.problems if problem.severity == "error"]
        assert any(place is not None and place.file == str(other) for place in places)

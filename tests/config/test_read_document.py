from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.document import BackendSection, Document, ModelSection, PoolSection, TargetSection
from penstock.config.problems import Findings
from penstock.config.read_document import read_document, section_at
from penstock.config.section import Section
from penstock.config.yaml_tree import KeyPath, Value


def _read(values: Value) -> tuple[Document, Findings, list[str]]:
    findings = Findings()
    document = read_document(values, Path("/nowhere"), findings)
    return document, findings, [str(problem) for problem in findings.problems]


@pytest.mark.parametrize("values", [None, "text", 5, ["backends"]])
def test_file_must_be_a_mapping(values: Value) -> None:
    assert _read(values)[2] == ["error: the file must be a mapping, with keys such as backends and models"]


def test_what_is_right_survives_what_is_wrong_beside_it() -> None:
    document, _, problems = _read(
        {
            "backends": {"good": {"api_key": "k", "colour": 1}, "bad": {"api_key": 5}},
            "models": {"m": "good", "n": 5},
            "limits": {"body": "x", "headers": 2000},
            "listen": 5,
            "zzz": 1,
        }
    )

    assert len(problems) == 6
    assert list(document.backends) == ["good"]
    assert list(document.models or ()) == ["m"]
    assert (document.limits.headers, document.listen) == (2000, Document().listen)


def test_errors_that_only_show_in_a_whole_part_are_found_in_the_same_run() -> None:
    assert _read({"client_keys": {"ci": {"kee": 1}}})[2] == [
        'error: client_keys.ci.kee: unknown key; did you mean "key"?',
        "error: client_keys.ci: needs either key or sha256",
    ]


def test_nobody_complains_of_what_was_cut_out_or_misspelt() -> None:
    _, findings, _ = _read({"backends": {"a": {"api_kee": "k"}, "b": {"api_key": 5}}, "models": {"m": 5}})

    assert findings.is_broken(("backends", "a", "api_key"))
    assert findings.is_broken(("backends", "b"))
    assert findings.breaks_under(("models",))
    assert not findings.is_broken(("backends", "a"))


def test_value_that_an_earlier_step_has_reported_is_not_reported_again() -> None:
    findings = Findings(broken={("backends", "a", "api_key")})

    document = read_document({"backends": {"a": {"api_key": ""}}}, Path("/nowhere"), findings)

    assert (findings.problems, document.backends) == ([], {})


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ((), Document),
        (("backends",), None),
        (("backends", "x"), BackendSection),
        (("backends", "x", "pool"), PoolSection),
        (("backends", "x", "options"), None),
        (("models", "m"), ModelSection),
        (("models", "m", "targets", 3), TargetSection),
        (("models", "m", "targets", 3, "model"), None),
        (("nonsense", "x"), None),
    ],
)
def test_section_of_every_path_is_known(path: KeyPath, section: type[Section] | None) -> None:
    assert section_at(path) is section


_KEYS = st.sampled_from(
    [
        "backends",
        "models",
        "listen",
        "client_keys",
        "limits",
        "openai",
        "targets",
        "backend",
        "tls",
        "api_key",
        "file",
        "x",
    ]
)
_LEAVES = st.sampled_from([None, True, 0, 5, "", "openai", "openai/x", "127.0.0.1:1", "sk-0123456789abcdef"])
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4))


@given(st.dictionaries(_KEYS, _VALUES))
def test_any_mapping_ends_in_a_document_and_is_wrong_or_right(values: dict[str, Value]) -> None:
    _, findings, _ = _read(values)

    assert all(problem.path for problem in findings.problems)
    assert bool(findings.broken) == findings.failed

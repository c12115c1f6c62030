from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.document import Document
from penstock.config.merge_documents import merge_documents
from penstock.config.problems import Findings
from penstock.config.read_document import read_document
from penstock.config.yaml_tree import Node, Value, read_yaml


def _read(text: str, file: str, findings: Findings) -> tuple[Document, Node]:
    tree, _ = read_yaml(text.encode(), file)
    values: Value = yaml.safe_load(text)
    return read_document(values, Path(), findings), tree


def _merge(*texts: str) -> tuple[Document, list[str]]:
    findings = Findings()
    read = [_read(text, f"{chr(97 + index)}.yaml", findings) for index, text in enumerate(texts)]
    findings.trees = [tree for _, tree in read]
    merged = merge_documents(read, findings)
    return merged, [str(problem) for problem in findings.sorted()]


_PARTS = {
    "listen": {"address": "127.0.0.1:1"},
    "backends": {"a": {}},
    "models": {"m": "a"},
    "limits": {"body": 1},
    "access_log": "off",
}


@given(st.dictionaries(st.sampled_from(sorted(_PARTS)), st.integers(0, 2)))
def test_parts_mean_the_same_in_one_file_and_in_several(files: dict[str, int]) -> None:
    texts = [yaml.safe_dump({name: _PARTS[name] for name, file in files.items() if file == each}) for each in range(3)]
    whole = yaml.safe_dump({name: _PARTS[name] for name in files})

    assert _merge(*texts) == _merge(whole)


def test_settings_inside_a_mapping_merge_too() -> None:
    merged, problems = _merge(
        "limits: {body: 1}\nlisten: 127.0.0.1:5", "limits: {headers: 2}\nlisten: {allow_anonymous: true}"
    )

    assert (merged.limits.body, merged.limits.headers, merged.listen.address.port) == (1, 2, 5)
    assert merged.listen.allow_anonymous
    assert problems == []


def test_same_setting_in_two_files_is_an_error_even_when_they_agree() -> None:
    _, problems = _merge("admin: 127.0.0.1:1", "limits: {body: 1}", "admin: 127.0.0.1:1\nlimits: {body: 1}")

    assert problems == [
        "c.yaml:1:8: error: admin: is also given at a.yaml:1:8; one file only may give it",
        "c.yaml:2:16: error: limits.body: is also given at b.yaml:1:16; one file only may give it",
    ]


def test_backends_do_not_merge_into_each_other() -> None:
    merged, problems = _merge("backends: {a: {provider: vllm}}", "backends:\n  b: {}\n  a: {api_key: x}")

    assert problems == ["b.yaml:3:3: error: backends.a: is also given at a.yaml:1:12; one file only may give it"]
    assert merged.backends["a"].api_key is None


def test_no_models_anywhere_is_told_from_an_empty_list_of_models() -> None:
    assert _merge("{}", "{}")[0].models is None
    assert _merge("{}", "models: {}")[0].models == {}

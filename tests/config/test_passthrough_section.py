"""``passthrough`` as a file has it; what it means is tested in ``test_compile_passages.py``."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from penstock.config.document import Document
from penstock.config.json_schema import build_json_schema
from penstock.config.passthrough_section import PassageSection
from penstock.config.problems import Findings
from penstock.config.read_document import read_document


def test_a_target_may_be_the_name_of_a_backend() -> None:
    findings = Findings()
    values = {"passthrough": [{"name": "a", "path": "/a", "targets": ["one", {"backend": "two", "weight": 0}]}]}

    document = read_document(values, Path(), findings)  # type: ignore[arg-type]

    assert not findings.failed
    assert [(each.backend, each.weight) for each in document.passthrough[0].targets] == [("one", 1), ("two", 0)]


def test_nothing_is_tried_again_that_may_have_been_acted_on() -> None:
    retry = PassageSection.model_fields["retry"].get_default(call_default_factory=True)

    assert (retry.statuses, retry.on) == ([], ["connect_failure"])


@pytest.mark.parametrize(
    ("entry", "valid"),
    [
        ({"name": "a", "path": "/a", "targets": ["one"]}, True),
        ({"name": "a", "path": "/a", "targets": [{"backend": "one"}], "rewrite": {"prefix": "/"}}, True),
        ({"name": "a", "path": "/a", "targets": []}, False),
        ({"name": "a", "path": "/a", "targets": ["one"], "rewrites": {}}, False),
    ],
)
def test_editors_are_told_what_an_entry_is(entry: dict[str, object], valid: bool) -> None:
    schema = build_json_schema()

    assert jsonschema.Draft202012Validator(schema).is_valid({"passthrough": [entry]}) == valid
    assert "passthrough" in Document.model_fields

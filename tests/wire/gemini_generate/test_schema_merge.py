from __future__ import annotations

from typing import Any

import pytest

from penstock.core.errors import InvalidRequest
from penstock.wire.gemini_generate.schema_merge import Place, SchemaTree, join


def plain(schema: Any, root: Any = None) -> tuple[Any, list[str]]:
    reports: list[str] = []
    tree = SchemaTree(schema if root is None else root, lambda path, _why: reports.append(path))
    node, _ = tree.plain(schema, Place("s"))
    return node, reports


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ({"minimum": 1, "maximum": 9}, {"minimum": 2, "maximum": 5}, {"minimum": 2, "maximum": 5}),
        ({"type": "number"}, {"type": "integer"}, {"type": ["integer"]}),
        ({"type": ["integer", "null"]}, {"type": ["number", "null"]}, {"type": ["integer", "null"]}),
        ({"type": "string"}, {"type": "object"}, {"type": []}),
        ({"enum": [1, 0, [1]]}, {"enum": [True, 1.0, False]}, {"enum": [1, [1]]}),
        ({"enum": [1, "a", True]}, {"enum": ["a", True, 2]}, {"enum": ["a", True]}),
        ({"required": ["a"]}, {"required": ["b", "a"]}, {"required": ["a", "b"]}),
        ({"properties": {"a": 1}}, {"properties": {"a": 2, "b": 3}}, {"properties": {"a": {"allOf": [1, 2]}, "b": 3}}),
        ({"items": {"type": "string"}}, {"items": True}, {"items": {"allOf": [{"type": "string"}, True]}}),
        ({"title": "mine"}, {"title": "its"}, {"title": "mine"}),
    ],
)
def test_keywords_of_two_schemas_are_joined(first: Any, second: Any, joined: Any) -> None:
    reports: list[str] = []
    assert join(first, second, reports.append) == joined
    assert not reports


def test_keywords_that_cannot_be_joined_stay_as_they_are_first_and_are_told() -> None:
    reports: list[str] = []
    assert join({"pattern": "a"}, {"pattern": "b"}, reports.append) == {"pattern": "a"}
    assert reports == ["pattern"]


def test_a_reference_is_put_in_with_what_stands_beside_it() -> None:
    root = {"$defs": {"a/b": {"type": "string", "maxLength": 9}}}
    assert plain({"$ref": "#/$defs/a~1b", "maxLength": 3}, root) == ({"type": "string", "maxLength": 3}, [])


@pytest.mark.parametrize("reference", ["#/$defs/Gone", "other.json", "#Name", 5])
def test_a_reference_that_leads_nowhere_is_refused_by_its_path(reference: object) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        plain({"$ref": reference})
    assert refusal.value.param == "s.$ref"


def test_a_schema_that_contains_itself_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        plain({"allOf": [{"$ref": "#"}]})
    assert (refusal.value.code, refusal.value.param) == ("recursive_schema", "s.allOf[0].allOf[0].$ref")


def test_references_that_multiply_are_bounded() -> None:
    twice = {f"d{n}": {"allOf": [{"$ref": f"#/d{n + 1}"}, {"$ref": f"#/d{n + 1}"}]} for n in range(30)} | {"d30": True}
    with pytest.raises(InvalidRequest) as refusal:
        plain({"$ref": "#/d0"}, twice)
    assert refusal.value.code == "schema_too_large"


@pytest.mark.parametrize(("schema", "path"), [({"allOf": {}}, "s.allOf"), ([], "s"), ("string", "s")])
def test_what_is_no_schema_is_refused(schema: object, path: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        plain(schema)
    assert refusal.value.param == path


def test_a_schema_that_accepts_nothing_accepts_all_and_is_told() -> None:
    assert plain(False) == ({}, ["s"])
    assert plain(True) == ({}, [])


def test_long_lists_that_references_multiply_are_bounded() -> None:
    long = {"enum": [f"v{number}" for number in range(100_000)], "anyOf": [{"$ref": "#/d"}, {"$ref": "#/d"}]}
    root = {"allOf": [{"$ref": "#/d"}] * 3, "d": long}
    with pytest.raises(InvalidRequest) as refusal:
        plain(root)
    assert refusal.value.code == "schema_too_large"

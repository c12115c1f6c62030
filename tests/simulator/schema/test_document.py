from __future__ import annotations

import pytest

from penstock.simulator.schema.document import MAX_SCHEMA_DEPTH, Document, Node, SchemaRefused, parts_of


def test_every_keyword_that_holds_schemas_is_walked() -> None:
    """A pattern that is malformed is found wherever it stands."""
    bad = {"pattern": "("}
    holders: list[object] = [
        *({word: bad} for word in ("not", "if", "then", "else", "items", "contains", "propertyNames")),
        *({word: [True, bad]} for word in ("allOf", "anyOf", "oneOf", "prefixItems", "items")),
        *({word: {"a": bad}} for word in ("properties", "patternProperties", "dependentSchemas")),
        {"additionalProperties": bad},
        {"additionalItems": bad},
        {"$ref": "#/$defs/x", "$defs": {"x": bad}},
        {"patternProperties": {"(": True}},
    ]
    for holder in holders:
        with pytest.raises(SchemaRefused, match=r"not closed|too early"):
            Document(holder)


def test_a_definition_that_nothing_refers_to_is_not_judged() -> None:
    assert isinstance(Document({"$defs": {"unused": {"pattern": "("}}}).root, Node)


def test_a_reference_leads_to_the_same_node_each_time() -> None:
    document = Document({"properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "string"}}})
    assert document.target("#/properties/b") is document.target("#/properties/b")


@pytest.mark.parametrize("reference", ["#/a~1b/0", "#/a%7E1b/0"])
def test_pointers_are_unescaped_and_count_into_lists(reference: str) -> None:
    target = Document({"a/b": [{"type": "null"}]}).target(reference)
    assert isinstance(target, Node)
    assert target.types() == ["null"]


@pytest.mark.parametrize("reference", ["#/a/1", "#/b", "#/a/x", "#anchor", "other.json", ""])
def test_a_reference_to_nothing_is_refused(reference: str) -> None:
    with pytest.raises(SchemaRefused, match="reference"):
        Document({"a": [True], "$ref": reference})


def test_a_wrong_keyword_is_refused_with_its_place() -> None:
    with pytest.raises(SchemaRefused, match=r"\$\.properties\[\.\.\.\]\.required"):
        Document({"properties": {"a": {"required": "a"}}})


def test_the_older_spelling_of_arrays_is_read() -> None:
    node = Document({"items": [{"type": "null"}], "additionalItems": False}).root
    assert isinstance(node, Node)
    assert (len(node.leading_items()), node.further_items(), len(parts_of(node))) == (1, False, 4)


def nested(levels: int) -> object:
    schema: dict[str, object] = {}
    for _ in range(levels - 1):
        schema = {"items": schema}
    return schema


def test_nesting_is_bounded_by_a_number_whatever_the_interpreter_bears() -> None:
    assert isinstance(Document(nested(MAX_SCHEMA_DEPTH)).root, Node)
    for levels in (MAX_SCHEMA_DEPTH + 1, 50_000):
        with pytest.raises(SchemaRefused, match=f"more than {MAX_SCHEMA_DEPTH} levels deep"):
            Document(nested(levels))

from __future__ import annotations

from penstock.simulator.schema.document import Document, Node
from penstock.simulator.schema.ways import ENDLESS, Ways, usual_types


def _titles(schema: object, *, lowest_first: bool = False) -> list[list[str]]:
    document = Document(schema)
    found = Ways(document).through((document.root,), lowest_first=lowest_first)
    return [[node.format or "?" for node in nodes] for nodes in found]


def _named(name: str) -> dict[str, str]:
    return {"format": name}


def test_what_always_holds_is_on_every_way() -> None:
    schema = {
        "format": "root",
        "allOf": [_named("a"), {"format": "b", "$ref": "#/$defs/c"}],
        "$defs": {"c": _named("c")},
    }
    assert _titles(schema) == [["root", "a", "b", "c"]]


def test_each_pair_of_options_is_a_way() -> None:
    schema = {"format": "root", "anyOf": [_named("a"), _named("b")], "oneOf": [_named("c"), _named("d")]}
    assert _titles(schema) == [["root", "a", "c"], ["root", "a", "d"], ["root", "b", "c"], ["root", "b", "d"]]


def test_a_condition_is_a_way_with_it_and_one_without() -> None:
    schema = {"format": "root", "if": _named("if"), "then": _named("then"), "else": _named("else")}
    assert _titles(schema) == [["root", "if", "then"], ["root", "else"]]


def test_a_way_that_nothing_can_go_is_left_out() -> None:
    assert _titles({"format": "root", "anyOf": [False, _named("a")]}) == [["root", "a"]]


def test_a_reference_to_itself_is_gone_once() -> None:
    assert _titles({"format": "root", "allOf": [{"format": "again", "$ref": "#"}]}) == [["root", "again"]]


def test_the_way_out_of_a_recursion_comes_first_when_asked() -> None:
    schema = {
        "format": "root",
        "anyOf": [
            {"format": "deep", "type": "object", "required": ["x"], "properties": {"x": {"$ref": "#"}}},
            _named("flat"),
        ],
    }
    assert _titles(schema) == [["root", "deep"], ["root", "flat"]]
    assert _titles(schema, lowest_first=True) == [["root", "flat"], ["root", "deep"]]


def test_height_counts_what_must_be_nested() -> None:
    heights: dict[int, list[object]] = {
        0: [{"type": "string"}, {"const": {"a": {}}}, {"type": "array", "items": {"type": "array", "minItems": 3}}],
        1: [{"type": "array", "minItems": 1}, {"required": ["a"]}],
        2: [{"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "minItems": 1}}}],
        ENDLESS: [False, {"anyOf": [False]}],
    }
    for height, schemas in heights.items():
        for schema in schemas:
            document = Document(schema)
            assert Ways(document).height(document.root) == height, schema


def test_endless_recursion_is_as_high_as_can_be() -> None:
    document = Document({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}})
    assert Ways(document).height(document.root) >= ENDLESS


def test_types_are_those_that_all_nodes_allow_and_null_comes_last() -> None:
    assert usual_types([Node(type=["null", "string"])]) == ["string", "null"]
    assert usual_types([Node(type="number"), Node(type=["integer", "string"])]) == ["integer"]
    assert usual_types([Node(type="string"), Node(type="null")]) == []


def test_without_a_type_the_keywords_say_what_is_meant() -> None:
    assert usual_types([Node(max_length=3)])[0] == "string"
    assert usual_types([Node(required=["a"])])[0] == "object"
    assert usual_types([Node(min_items=1)])[0] == "array"
    assert usual_types([Node(minimum=1)])[0] == "number"

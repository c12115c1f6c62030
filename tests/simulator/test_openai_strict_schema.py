from __future__ import annotations

import enum

import pytest
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel

from penstock.simulator.openai_strict_schema import MAX_DEPTH, strict_problem

CLOSED: dict[str, object] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
OPEN: dict[str, object] = {"type": "object", "properties": {}, "required": []}


class Colour(enum.Enum):
    RED = "red"


class Leaf(BaseModel):
    name: str
    colour: Colour | None


class Tree(BaseModel):
    leaves: list[Leaf]
    left: Tree | None
    either: Leaf | str


def test_what_the_official_client_makes_of_a_model_is_strict() -> None:
    assert strict_problem(to_strict_json_schema(Tree)) is None


@pytest.mark.parametrize("root", [True, [], {}, {"type": "array"}, {"anyOf": [CLOSED]}, {**CLOSED, "anyOf": [CLOSED]}])
def test_the_root_is_an_object_without_branches(root: object) -> None:
    assert "In context=()" in str(strict_problem(root))


@pytest.mark.parametrize(
    ("place", "context"),
    [
        ({"properties": {"a": OPEN}, "required": ["a"]}, "'properties', 'a'"),
        ({"$defs": {"d": OPEN}}, "'$defs', 'd'"),
        ({"definitions": {"d": OPEN}}, "'definitions', 'd'"),
        ({"items": OPEN}, "'items'"),
        ({"allOf": [CLOSED, OPEN]}, "'allOf', '1'"),
        ({"properties": {"a": {"anyOf": [{"type": "null"}, OPEN]}}, "required": ["a"]}, "'properties', 'a', 'anyOf'"),
        ({"oneOf": [OPEN]}, "'oneOf', '0'"),
        ({"prefixItems": [OPEN]}, "'prefixItems', '0'"),
    ],
)
def test_an_open_object_is_found_wherever_it_stands_and_its_place_is_named(
    place: dict[str, object], context: str
) -> None:
    problem = str(strict_problem({**CLOSED, **place}))
    assert context in problem
    assert "'additionalProperties' is required" in problem


def test_every_property_is_required() -> None:
    problem = strict_problem({**CLOSED, "properties": {"a": {}, "b": {}}, "required": ["a"]})
    assert "missing: 'b'" in str(problem)


def test_a_schema_that_is_too_deep_is_refused() -> None:
    deep: dict[str, object] = {"type": "string"}
    for _ in range(MAX_DEPTH - 1):
        deep = {"items": deep}
    assert strict_problem({**CLOSED, "items": deep}) is None
    assert "too deeply" in str(strict_problem({**CLOSED, "items": {"items": deep}}))

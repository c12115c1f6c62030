"""The oracle is the ``jsonschema`` package: whatever is written must validate there."""

from __future__ import annotations

import json
from collections.abc import Mapping

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from penstock.simulator.schema.document import SchemaRefused
from penstock.simulator.schema.write import write_value

Json = Mapping[str, object]


def assert_written(schema: Json | bool, seed: object = 0) -> object:
    value = write_value(schema, seed)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.validate(json.loads(json.dumps(value)))
    return value


def _bounded(least: st.SearchStrategy[int], names: tuple[str, str], **fixed: object) -> st.SearchStrategy[Json]:
    return st.tuples(least, st.integers(min_value=0, max_value=9)).map(
        lambda both: {**fixed, names[0]: both[0], names[1]: both[0] + both[1]}
    )


SIZES = st.integers(min_value=0, max_value=60)
NUMBERS = st.integers(min_value=-1000, max_value=1000)
LEAVES: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(lambda type_: {"type": type_}),
    st.lists(st.sampled_from(["string", "integer", "null", "object"]), min_size=1, unique=True).map(
        lambda types: {"type": types}
    ),
    _bounded(SIZES, ("minLength", "maxLength"), type="string"),
    _bounded(NUMBERS, ("minimum", "maximum"), type="integer"),
    _bounded(NUMBERS, ("minimum", "maximum"), type="number"),
    NUMBERS.map(lambda bound: {"type": "number", "exclusiveMinimum": bound, "exclusiveMaximum": bound + 0.25}),
    NUMBERS.map(lambda bound: {"type": "integer", "exclusiveMinimum": bound}),
    st.sampled_from([0.01, 0.1, 0.5, 2, 7, 1.5]).map(lambda step: {"type": "number", "multipleOf": step}),
    st.sampled_from([2, 7, 100]).map(lambda step: {"type": "integer", "multipleOf": step, "minimum": 10}),
    st.sampled_from(["date", "email", "ipv4", "ipv6", "uuid", "regex"]).map(
        lambda form: {"type": "string", "format": form}
    ),
    st.sampled_from([r"^[A-Z]{2}\d{3}$", r"^(a|b)+$", r"\d", r"^[\w.]+@[\w]+\.com$", r"^\+?\d{7,15}$"]).map(
        lambda pattern: {"type": "string", "pattern": pattern, "maxLength": 40}
    ),
    st.lists(st.sampled_from(["red", "green", 1, 2.5, None, True, {"a": [1]}]), min_size=1).map(
        lambda values: {"enum": values}
    ),
    st.sampled_from(["only", 0, False, None, [1, "2"]]).map(lambda value: {"const": value}),
    st.just({}),
)
NAMES = st.sampled_from(["city", "unit", "a b", "ünï", "$x", "count"])


def _containers(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    members = st.dictionaries(NAMES, inner, max_size=4)
    return st.one_of(
        members.map(lambda found: _object(found, list(found), closed=True)),
        members.map(lambda found: _object(found, list(found)[:1], closed=False)),
        st.tuples(inner, st.integers(0, 4)).map(lambda both: {"type": "array", "items": both[0], "minItems": both[1]}),
        st.tuples(inner, inner).map(
            lambda both: {"type": "array", "prefixItems": list(both), "items": False, "minItems": 2}
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some}),
        inner.map(lambda one: {"allOf": [one, {"description": "the same"}], "title": "x"}),
        inner.map(lambda one: {"$defs": {"part": one}, "type": "object", "properties": {}}),
        inner.map(lambda one: {"type": "object", "additionalProperties": one, "minProperties": 2}),
        inner.map(lambda one: {"type": "array", "contains": one, "minItems": 3}),
    )


def _object(members: Mapping[str, Json], required: list[str], *, closed: bool) -> Json:
    schema: dict[str, object] = {"type": "object", "properties": dict(members), "required": required}
    return {**schema, "additionalProperties": False} if closed else schema


SATISFIABLE = st.recursive(LEAVES, _containers, max_leaves=12)


def _crossed(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.one_of(
        _containers(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"oneOf": some}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"allOf": some}),
        inner.map(lambda one: {"not": one}),
        st.tuples(inner, inner, inner).map(lambda three: {"if": three[0], "then": three[1], "else": three[2]}),
        st.tuples(inner, st.integers(1, 3)).map(
            lambda both: {"type": "array", "items": both[0], "uniqueItems": True, "minItems": both[1]}
        ),
        st.tuples(inner, inner).map(
            lambda both: {
                "type": "object",
                "properties": {"a": both[0], "b": {"type": "integer"}},
                "dependentRequired": {"a": ["b"]},
                "dependentSchemas": {"b": {"properties": {"c": both[1]}, "required": ["c"]}},
            }
        ),
        inner.map(lambda one: {"type": "object", "patternProperties": {"^x": one}, "required": ["xy"]}),
        inner.map(lambda one: {**one, "propertyNames": {"maxLength": 5}, "maxProperties": 2}),
    )


ANY = st.recursive(LEAVES, _crossed, max_leaves=8)


@given(SATISFIABLE, st.integers())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_schema_without_contradiction_gets_a_value(schema: Json, seed: int) -> None:
    assert_written(schema, seed)


@given(ANY, st.integers())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_written_value_is_valid_and_all_else_is_refused(schema: Json, seed: int) -> None:
    """Formats are annotations here: where a pattern asks for something else, the pattern is kept."""
    try:
        value = write_value(schema, seed)
    except SchemaRefused:
        return
    jsonschema.Draft202012Validator(schema).validate(value)


@given(SATISFIABLE, st.integers())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_seed_fixes_the_value(schema: Json, seed: int) -> None:
    assert write_value(schema, seed) == write_value(schema, seed)


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
        {"not": {"type": ["string", "integer"]}},
        {"allOf": [{"properties": {"a": {"minimum": 3}}}, {"properties": {"a": {"maximum": 4}}, "required": ["a"]}]},
        {
            "type": "object",
            "properties": {"kind": {"enum": ["circle", "square"]}},
            "required": ["kind"],
            "if": {"properties": {"kind": {"const": "circle"}}},
            "then": {"properties": {"radius": {"type": "number"}}, "required": ["radius"]},
            "else": {"properties": {"side": {"type": "number"}}, "required": ["side"]},
        },
        {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "minLength": 30, "maxLength": 32},
        {"type": "string", "pattern": r"^(?=.*\d)(?=.*[a-z])[a-z0-9]{8,12}$"},
        {"type": "object", "minProperties": 3, "propertyNames": {"pattern": "^x_"}},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "maxItems": 9},
        {"type": "array", "contains": {"const": 7}, "minContains": 2, "maxContains": 2, "items": {"type": "integer"}},
        {"type": "array", "items": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
        {"type": "integer", "allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "minimum": 13},
        {"type": "number", "minimum": 0.1, "maximum": 0.1},
        {"type": "number", "exclusiveMinimum": 1e300},
        {"type": "string", "format": "email", "maxLength": 6},
        {"type": "string", "format": "uri", "minLength": 500},
        {"enum": [1, "a"], "type": "string"},
        {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 1}}},
        True,
        {},
    ],
)
def test_intricate_schemas_get_a_value(schema: Json | bool) -> None:
    for seed in range(20):
        if isinstance(schema, dict) and isinstance(schema.get("items"), list):
            jsonschema.Draft7Validator(schema).validate(write_value(schema, seed))
        else:
            assert_written(schema, seed)


RECURSIVE: list[Json] = [
    {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["next"]},
    {
        "$defs": {
            "tree": {
                "type": "object",
                "properties": {
                    "left": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
                    "right": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
                    "leaves": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
                },
                "required": ["left", "right", "leaves"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/tree",
    },
    {
        "$defs": {
            "term": {"oneOf": [{"$ref": "#/$defs/sum"}, {"type": "integer"}]},
            "sum": {
                "type": "object",
                "properties": {"left": {"$ref": "#/$defs/term"}, "right": {"$ref": "#/$defs/term"}},
                "required": ["left", "right"],
                "additionalProperties": False,
            },
        },
        "$ref": "#/$defs/term",
    },
]


@pytest.mark.parametrize("schema", RECURSIVE)
def test_recursive_schemas_end(schema: Json) -> None:
    assert len(json.dumps(assert_written(schema))) < 20_000


class Comment(BaseModel):
    author: str = Field(min_length=3, max_length=20)
    replies: list[Comment]


class Article(BaseModel):
    title: str
    stars: int = Field(ge=1, le=5)
    price: float | None
    comments: list[Comment]


def test_the_schema_of_a_pydantic_model_gets_an_instance_of_it() -> None:
    Article.model_validate(write_value(Article.model_json_schema(), "seed"))


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "strng"}, r"type"),
        ({"properties": 5}, r"properties"),
        ({"$ref": "https://example.com/x.json"}, "same schema"),
        ({"$ref": "#/$defs/absent"}, "points at nothing"),
        ({"$dynamicRef": "#x"}, "dynamicRef"),
        ({"type": "string", "pattern": "("}, "pattern"),
        ({"type": "number", "minimum": 5, "maximum": 1}, "no number"),
        (False, "no value"),
        ({"type": "string", "minLength": 10**9}, "no value"),
        ({"allOf": [{"type": "string", "format": "date"}, {"format": "email"}]}, "no string"),
        ({"type": "array", "minItems": 10**9}, "no value"),
        ({"oneOf": [{"$ref": "#"}]}, "without end"),
        ({"type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"]}, "without end"),
        ({"type": "object", "required": ["a"], "properties": {"a": False}}, "'a'"),
        (5, "got `int`"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_with_the_reason(schema: object, why: str) -> None:
    with pytest.raises(SchemaRefused, match=why):
        write_value(schema, "seed")


def test_a_hostile_schema_ends() -> None:
    wide: Json = {"type": "array", "minItems": 100, "items": {"type": "array", "minItems": 1000, "items": {}}}
    with pytest.raises(SchemaRefused, match="steps"):
        write_value(wide, "seed")

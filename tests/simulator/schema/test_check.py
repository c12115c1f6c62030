from __future__ import annotations

from collections.abc import Mapping

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.schema.check import identity, satisfies
from penstock.simulator.schema.document import Document

Schema = Mapping[str, object] | bool

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.sampled_from([0.5, 2.0, 7.25, "", "a", "ab", "abc7"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "xy"]), inner, max_size=3),
    max_leaves=6,
)
SMALL = st.integers(0, 3)
KEYWORDS: Mapping[str, st.SearchStrategy[object]] = {
    "type": st.sampled_from(
        ["string", "integer", "number", "array", "object", ["null", "boolean"], ["array", "string"]]
    ),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": st.integers(-3, 9),
    "exclusiveMaximum": st.integers(-3, 9),
    "exclusiveMinimum": st.integers(-3, 9),
    "maximum": st.integers(-3, 9),
    "multipleOf": st.sampled_from([1, 2, 3, 0.5, 0.25]),
    "minLength": SMALL,
    "maxLength": SMALL,
    "pattern": st.sampled_from(["^a", "b$", r"\d", "^[ab]*$"]),
    "minItems": SMALL,
    "maxItems": SMALL,
    "uniqueItems": st.booleans(),
    "required": st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
    "minProperties": SMALL,
    "maxProperties": SMALL,
    "dependentRequired": st.just({"a": ["b"]}),
}


def _nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    several = st.lists(inner, min_size=1, max_size=3)
    deeper: Mapping[str, st.SearchStrategy[object]] = {
        "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
        "patternProperties": inner.map(lambda one: {"^x": one}),
        "additionalProperties": inner,
        "propertyNames": inner,
        "dependentSchemas": inner.map(lambda one: {"b": one}),
        "items": inner,
        "prefixItems": several,
        "contains": inner,
        "minContains": SMALL,
        "maxContains": SMALL,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    return st.fixed_dictionaries({}, optional={**KEYWORDS, **deeper})


LEAVES: st.SearchStrategy[Schema] = st.booleans() | st.fixed_dictionaries({}, optional=dict(KEYWORDS))
SCHEMAS: st.SearchStrategy[Schema] = st.recursive(LEAVES, _nested, max_leaves=4)


@given(SCHEMAS, VALUES)
def test_a_value_obeys_where_the_reference_implementation_says_so(schema: Schema, value: object) -> None:
    document = Document(schema)
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert satisfies(document, document.root, value) == expected


@pytest.mark.parametrize(
    ("value", "valid"), [({"next": None}, True), ({"next": {"next": None}}, True), ({"next": {"next": 1}}, False)]
)
def test_references_are_followed(value: object, valid: bool) -> None:
    schema = {"type": ["object", "null"], "properties": {"next": {"$ref": "#"}}}
    document = Document(schema)
    assert satisfies(document, document.root, value) == valid


@given(VALUES, VALUES)
def test_values_are_the_same_when_json_schema_calls_them_equal(one: object, other: object) -> None:
    assert (identity(one) == identity(other)) == jsonschema.Draft202012Validator({"const": one}).is_valid(other)

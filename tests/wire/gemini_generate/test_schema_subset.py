from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from google.genai import types as genai
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.wire.gemini_generate import schema_subset
from penstock.wire.gemini_generate.schema_subset import TYPES, to_subset

Json = dict[str, Any]


def convert(schema: object) -> tuple[Json, list[tuple[str, str]]]:
    losses = Losses(ChatRequest("openai_chat", {}, []))
    subset = to_subset(msgspec.Raw(msgspec.json.encode(schema)), "s", losses)
    return subset, [(loss.path.removeprefix("$."), loss.kind) for loss in losses.found]


def as_json_schema(subset: Json) -> Json:
    """What a subset means, in JSON Schema."""
    plain = {
        name: value
        for name, value in subset.items()
        if name
        in {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "required", "pattern"}
        | {"minProperties", "maxProperties", "enum"}
    }
    if "type" in subset:
        plain["type"] = subset["type"].lower()
    if subset.get("type") == "INTEGER" and "enum" in subset:
        plain["enum"] = [int(text) for text in subset["enum"]]
    if "items" in subset:
        plain["items"] = as_json_schema(subset["items"])
    if "properties" in subset:
        plain["properties"] = {name: as_json_schema(inner) for name, inner in subset["properties"].items()}
    if "anyOf" in subset:
        plain["anyOf"] = [as_json_schema(inner) for inner in subset["anyOf"]]
    return {"anyOf": [plain, {"type": "null"}]} if subset.get("nullable") else plain


# --- properties

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, 2.5]), st.text("ab", max_size=3)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
small = st.integers(0, 3)
type_names = st.sampled_from([*TYPES, "null"])


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(type_names, st.lists(type_names, min_size=1, max_size=3, unique=True)),
            "enum": st.lists(scalars, min_size=1, max_size=4),
            "const": scalars,
            "minLength": small,
            "maxLength": small,
            "pattern": st.sampled_from(["a", "^b"]),
            "minimum": small,
            "exclusiveMinimum": st.sampled_from([0, 1, 0.5]),
            "maximum": small,
            "exclusiveMaximum": small,
            "multipleOf": st.just(2),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": small,
            "maxItems": small,
            "uniqueItems": st.booleans(),
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
            "additionalProperties": inner,
            "minProperties": small,
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "$ref": st.sampled_from(["#/$defs/A", "#/$defs/B"]),
            "description": st.just("text"),
        },
    )


schemas = st.recursive(st.booleans(), keywords, max_leaves=8)
without_references = st.recursive(
    st.booleans(),
    lambda inner: keywords(inner).map(lambda found: {key: value for key, value in found.items() if key != "$ref"}),
    max_leaves=4,
)


@given(schemas, without_references, without_references, st.lists(values, min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_what_the_original_accepts_the_subset_accepts(schema: Any, a: Any, b: Any, candidates: list[Any]) -> None:
    if isinstance(schema, dict):
        schema = {**schema, "$defs": {"A": a, "B": b}}
    subset, _ = convert(schema)
    genai.Schema.model_validate(subset)
    for value in candidates:
        if jsonschema.Draft202012Validator(schema).is_valid(value):
            jsonschema.Draft202012Validator(as_json_schema(subset)).validate(value)


@given(schemas)
@settings(max_examples=200, deadline=None)
def test_references_in_any_places_end_in_a_schema_or_a_refusal(schema: Any) -> None:
    """The definitions refer to each other and to themselves."""
    whole = {"anyOf": [schema], "$defs": {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"not": {"$ref": "#/$defs/A"}}}}
    try:
        said = json.dumps(convert(whole)[0])
    except InvalidRequest as refusal:
        said = f"refused {refusal.param}"
    assert said.startswith("refused s") or "$ref" not in said


KEYWORDS = sorted(
    schema_subset._READ
    | schema_subset._ALL_OF_TYPES
    | schema_subset._NOTES
    | {"const", "allOf", "not", "$ref", "$defs", "novel"}
)
odd = st.recursive(
    st.one_of(scalars, st.sampled_from(["string", "any", "#", 10**30, "number"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYWORDS), odd, max_size=5))
@settings(max_examples=400, deadline=None)
def test_any_json_makes_a_schema_of_googles_or_is_refused(schema: Any) -> None:
    try:
        subset = convert(schema)[0]
    except InvalidRequest:
        return
    genai.Schema.model_validate(subset)


# --- single rules


@pytest.mark.parametrize(
    ("schema", "subset", "losses"),
    [
        ({"type": "string"}, {"type": "STRING"}, []),
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}, []),
        (
            {"type": ["string", "integer"], "minimum": 1, "minLength": 2},
            {"anyOf": [{"type": "STRING", "minLength": 2}, {"type": "INTEGER", "minimum": 1}]},
            [],
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d", "default": None},
            {"type": "STRING", "nullable": True, "description": "d"},
            [],
        ),
        ({"const": "a"}, {"type": "STRING", "enum": ["a"]}, []),
        ({"enum": [1, 2]}, {"type": "INTEGER", "enum": ["1", "2"]}, []),
        ({"enum": ["a", None]}, {"type": "STRING", "enum": ["a"], "nullable": True}, []),
        ({"type": "string", "enum": ["a", ""]}, {"type": "STRING"}, [("s.enum", "approximated")]),
        ({"type": "boolean", "enum": [True]}, {"type": "BOOLEAN"}, [("s.enum", "approximated")]),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "INTEGER", "minimum": 1}, []),
        (
            {"type": "number", "exclusiveMaximum": 1},
            {"type": "NUMBER", "maximum": 1},
            [("s.exclusiveMaximum", "approximated")],
        ),
        ({"type": "array"}, {"type": "ARRAY", "items": {}}, []),
        (
            {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
            {"type": "ARRAY", "items": {}},
            [("s.prefixItems", "approximated")],
        ),
        (
            {"type": "object", "properties": {"a": {}, "b": {"type": "null"}}, "required": ["b", "z"]},
            {
                "type": "OBJECT",
                "properties": {"a": {}, "b": {"nullable": True}},
                "propertyOrdering": ["a", "b"],
                "required": ["b"],
            },
            [("s.required", "approximated")],
        ),
        (
            {"type": "object", "additionalProperties": False, "$schema": "x"},
            {"type": "OBJECT"},
            [("s.additionalProperties", "approximated")],
        ),
        ({"type": "object", "additionalProperties": True}, {"type": "OBJECT"}, []),
        ({"type": "string", "format": "uri"}, {"type": "STRING"}, [("s.format", "dropped")]),
        ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}, []),
        ({"type": "string", "examples": ["x"]}, {"type": "STRING"}, [("s.examples", "dropped")]),
        ({"not": {"type": "string"}}, {}, [("s.not", "approximated")]),
        ({"type": "any", "enum": ["a"]}, {"type": "STRING", "enum": ["a"]}, [("s.type", "approximated")]),
        ({"type": ["string", "file"]}, {"type": "STRING"}, [("s.type", "approximated")]),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "string"}}},
                    {"properties": {"a": {"minLength": 1}}},
                ]
            },
            {"type": "OBJECT", "properties": {"a": {"type": "STRING", "minLength": 1}}},
            [],
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]},
            [("s.oneOf", "approximated")],
        ),
        (
            {
                "type": "object",
                "properties": {"p": {"$ref": "#/$defs/P", "description": "mine"}},
                "$defs": {"P": {"type": "string", "description": "its"}},
            },
            {"type": "OBJECT", "properties": {"p": {"type": "STRING", "description": "mine"}}},
            [],
        ),
        (
            {
                "type": "object",
                "properties": {"x": {"type": "object", "properties": {"y": {"type": "integer", "multipleOf": 5}}}},
            },
            {"type": "OBJECT", "properties": {"x": {"type": "OBJECT", "properties": {"y": {"type": "INTEGER"}}}}},
            [("s.properties.x.properties.y.multipleOf", "approximated")],
        ),
    ],
)
def test_a_keyword_becomes_its_counterpart_or_a_loss(schema: Json, subset: Json, losses: list[tuple[str, str]]) -> None:
    assert convert(schema) == (subset, losses)


def test_a_schema_that_is_no_json_is_refused_by_its_path() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        to_subset(msgspec.Raw(b"{nonsense"), "tools[0].function.parameters", Losses(ChatRequest("openai_chat", {}, [])))
    assert refusal.value.param == "tools[0].function.parameters"

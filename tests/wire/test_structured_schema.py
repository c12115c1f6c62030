from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from anthropic.lib._parse._transform import transform_schema
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import InvalidRequest
from penstock.wire.structured_schema import FORMATS, REFUSED, accepted_schema, is_accepted
from tests.wire.test_any_caller import events_of


def accept(schema: object) -> tuple[object, list[str]]:
    accepted, unsupported = accepted_schema(msgspec.Raw(json.dumps(schema).encode()), "response_format")
    return json.loads(bytes(accepted)), unsupported


def test_a_schema_that_is_accepted_keeps_its_bytes() -> None:
    raw = msgspec.Raw(b'{ "type":"object", "additionalProperties": false, "properties":{"a":{"const":1.0}} }')
    assert accepted_schema(raw, "x") == (raw, [])


def test_objects_are_closed_wherever_they_stand() -> None:
    thing = {"type": "object", "properties": {}}
    closed = {**thing, "additionalProperties": False}
    schema = {
        "anyOf": [thing, {"type": "array", "items": thing}],
        "$defs": {"a": thing},
        "allOf": [{"properties": {"b": thing}}],
    }
    expected = {
        "anyOf": [closed, {"type": "array", "items": closed}],
        "$defs": {"a": closed},
        "allOf": [{"properties": {"b": closed}, "additionalProperties": False}],
    }
    assert accept(schema) == (expected, [])


def test_what_is_refused_is_told_to_the_model_instead() -> None:
    schema = {"type": "array", "items": {"type": "string", "format": "cron", "description": "When."}, "minItems": 2}
    expected = {
        "type": "array",
        "items": {"type": "string", "description": 'When.\n\n(format: "cron")'},
        "description": "(minItems: 2)",
    }
    assert accept(schema) == (expected, ["format", "minItems"])


def test_keywords_of_odd_types_are_refused_too() -> None:
    schema = {"type": "array", "minItems": [], "items": {"type": "string", "format": {}}}
    accepted, unsupported = accept(schema)
    assert unsupported == ["format", "minItems"]
    assert isinstance(accepted, dict)
    assert accepted.keys() == {"type", "items", "description"}


def test_a_map_loses_the_schema_of_its_values() -> None:
    accepted, unsupported = accept({"type": "object", "additionalProperties": {"type": "integer"}})
    assert unsupported == ["additionalProperties"]
    assert accepted == {
        "type": "object",
        "additionalProperties": False,
        "description": '(additionalProperties: {"type":"integer"})',
    }


def test_names_of_properties_are_not_keywords() -> None:
    schema = {"type": "object", "properties": {"minimum": {"type": "integer"}}, "additionalProperties": False}
    assert accept(schema) == (schema, [])


def test_values_are_not_schemas() -> None:
    schema = {"enum": [{"minimum": 1}], "default": {"type": "object", "minimum": 1}}
    assert accept(schema) == (schema, [])


@pytest.mark.parametrize("schema", [b"[]", b"1", b"", b"{"])
def test_what_is_no_schema_is_refused(schema: bytes) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        accepted_schema(msgspec.Raw(schema), "response_format")
    assert (refusal.value.code, refusal.value.param) == ("invalid_schema", "response_format")


def test_a_schema_nested_too_deeply_is_refused() -> None:
    deep = b'{"items":' * 5000 + b"{}" + b"}" * 5000
    with pytest.raises(InvalidRequest):
        accepted_schema(msgspec.Raw(deep), "response_format")


LEAVES = st.one_of(
    st.fixed_dictionaries({"type": st.just("integer")}, optional={"minimum": st.just(1), "maximum": st.just(9)}),
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"maxLength": st.just(3), "format": st.sampled_from(["date", "cron"])}
    ),
    st.just({"type": "boolean"}),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3)},
            optional={"additionalProperties": st.booleans(), "maxProperties": st.just(2)},
        ),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 3)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)


@given(SCHEMAS)
def test_it_is_done_as_the_sdk_does_it(schema: dict[str, object]) -> None:
    """Keywords that the SDK leaves in a schema are left, and no others; what it says to the model is its own."""
    assert _without_texts(accept(schema)[0]) == _without_texts(transform_schema(schema))


@given(SCHEMAS)
def test_accepting_again_changes_nothing(schema: dict[str, object]) -> None:
    accepted, _ = accept(schema)
    assert accept(accepted) == (accepted, [])
    assert isinstance(accepted, dict)
    jsonschema.Draft202012Validator.check_schema(accepted)


def _without_texts(schema: object) -> object:
    if isinstance(schema, dict):
        return {name: _without_texts(value) for name, value in schema.items() if name != "description"}
    return [_without_texts(each) for each in schema] if isinstance(schema, list) else schema


def test_the_tables_do_not_contradict_each_other() -> None:
    assert FORMATS
    assert not REFUSED & {"properties", "items", "anyOf", "allOf", "enum", "const", "required", "description", "$ref"}


@pytest.mark.parametrize(
    ("schema", "accepted"),
    [
        ('{"$ref":"#/$defs/A","$defs":{"A":{"type":"string"}}}', True),
        ('{"$ref":"#/$defs/A","$defs":{"A":{"items":{"$ref":"#/$defs/A"}}}}', False),
        ('{"$ref":"#/$defs/A","$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"}}}', False),
        (
            '{"$ref":"#/definitions/A","definitions":{"A":{"anyOf":[{"$ref":"#/definitions/A"},{"type":"null"}]}}}',
            False,
        ),
        ('{"type":"object","properties":{"above":{"$ref":"#"}}}', False),
        ('{"type":"object","properties":{"#":{"type":"string"}}}', True),
        ('["$ref"]', True),
    ],
)
def test_a_schema_that_contains_itself_has_no_accepted_form(schema: str, accepted: bool) -> None:
    assert is_accepted(msgspec.Raw(schema.encode())) is accepted


def test_a_chain_of_definitions_takes_work_that_grows_with_it() -> None:
    def chain(n: int) -> msgspec.Raw:
        definitions: dict[str, object] = {f"a{i}": {"$ref": f"#/$defs/a{i + 1}"} for i in range(n)}
        return msgspec.Raw(msgspec.json.encode({"$ref": "#/$defs/a0", "$defs": {**definitions, f"a{n}": {}}}))

    small, large = chain(100), chain(200)
    assert is_accepted(large)
    assert events_of(lambda: is_accepted(large)) < 2.4 * events_of(lambda: is_accepted(small))

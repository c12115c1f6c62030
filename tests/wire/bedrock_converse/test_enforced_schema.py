from __future__ import annotations

import msgspec
import pytest

from penstock.wire.bedrock_converse.enforced_schema import is_enforced

CLOSED = '"additionalProperties":false'


@pytest.mark.parametrize(
    "schema",
    [
        f'{{"type":"object","properties":{{"a":{{"type":"string"}}}},{CLOSED}}}',
        f'{{"type":"object","properties":{{"minimum":{{"type":"integer"}},"not":{{"type":"null"}}}},{CLOSED}}}',
        '{"$ref":"#/$defs/A","$defs":{"A":{"anyOf":[{"$ref":"#/$defs/B"},{"type":"null"}]},"B":{"enum":[1]}}}',
        f'{{"type":"object","properties":{{"a":{{"type":"array","items":{{"type":"number"}},"minItems":1}}}},{CLOSED}}}',
        '{"type":"string"}',
    ],
)
def test_schemas_inside_the_subset_are_enforced(schema: str) -> None:
    assert is_enforced(msgspec.Raw(schema.encode()))


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "[]",
        '{"type":"object"}',
        '{"type":["object","null"]}',
        '{"properties":{}}',
        '{"type":"object","additionalProperties":true}',
        f'{{"type":"object","properties":{{"a":{{"type":"integer","minimum":0}}}},{CLOSED}}}',
        f'{{"type":"object","properties":{{"a":{{"items":{{"maxLength":3}}}}}},{CLOSED}}}',
        f'{{"type":"object","properties":[],{CLOSED}}}',
        '{"type":"array","items":{"type":"string"},"minItems":2}',
        '{"anyOf":[{"type":"string"},{"type":"object"}]}',
        '{"anyOf":{}}',
        '{"type":5}',
        '{"type":null}',
        '{"type":"array","items":{"type":"string"},"minItems":[]}',
        '{"$ref":"https://example.com/schema"}',
        '{"$ref":"#/$defs/A","$defs":{"A":{"items":{"$ref":"#/$defs/A"}}}}',
        '{"$ref":"#/$defs/A","$defs":{"A":{"items":{"$ref":"#/$defs/B"}},"B":{"anyOf":[{"$ref":"#/$defs/A"}]}}}',
        '{"items":' * 2000 + "{}" + "}" * 2000,
        '{"items":' * 900 + "{}" + "}" * 900,
    ],
)
def test_schemas_outside_the_subset_are_not(schema: str) -> None:
    assert not is_enforced(msgspec.Raw(schema.encode()))

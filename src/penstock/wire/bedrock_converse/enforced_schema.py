"""Whether Bedrock can hold an answer, or a strict tool, to a JSON Schema.

https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html (read 2026-11-23): a subset of draft
2020-12. Refused are limits of numbers, lengths and counts, recursion and references to elsewhere; an object must say
``"additionalProperties": false``. A schema outside the subset makes the whole request fail, so it is asked for in
another way. The schema is not changed here.
"""

from __future__ import annotations

import msgspec

from penstock.wire.structured_schema import is_recursive

REFUSED = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "maxItems",
        "uniqueItems",
        "contains",
        "prefixItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
        "unevaluatedItems",
        "oneOf",
        "not",
        "if",
        "$dynamicRef",
    }
)
"""Keywords that are refused, or that not every model is said to keep."""
_LISTS = ("anyOf", "allOf")
_NAMED = ("properties", "$defs", "definitions")
_Schema = dict[str, object]
_decoder = msgspec.json.Decoder(_Schema)


def is_enforced(schema: msgspec.Raw) -> bool:
    """Say whether the schema is in the subset; text that is no JSON object is not."""
    try:
        root = _decoder.decode(schema)
        return _keeps_to_subset(root) and not is_recursive(root)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False


def _keeps_to_subset(schema: object) -> bool:
    if not isinstance(schema, dict):
        return schema is True
    if not REFUSED.isdisjoint(schema) or all(schema.get("minItems", 0) != taken for taken in (0, 1)):
        return False
    if "$ref" in schema and not str(schema["$ref"]).startswith("#/"):
        return False
    kinds = schema.get("type", [])
    if not isinstance(kinds, str | list):
        return False
    is_object = "properties" in schema or kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
    if is_object and schema.get("additionalProperties") is not False:
        return False
    parts: list[object] = [schema["items"]] if "items" in schema else []
    for name in _LISTS:
        listed = schema.get(name, [])
        parts += listed if isinstance(listed, list) else [None]
    for name in _NAMED:
        named = schema.get(name, {})
        parts += named.values() if isinstance(named, dict) else [None]
    return all(_keeps_to_subset(part) for part in parts)

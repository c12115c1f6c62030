"""JSON Schemas in the form that structured output accepts, at Anthropic and at Bedrock.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations" (read 2026-11-23):
every object must say ``"additionalProperties": false``; limits of numbers, lengths and counts are refused, as are some
formats and ``oneOf``. What is refused is taken out of the schema and told to the model in the description of that
place, so that it may still follow it; the caller learns of it as a loss. A schema that needs no change keeps its bytes.
One that contains itself is refused too, and has no such form: it is asked for in another way. Bedrock documents nearly
the same limits (``bedrock_converse.enforced_schema``).
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import cast

import msgspec

from penstock.core.errors import InvalidRequest

_Schema = dict[str, object]

REFUSED = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        "prefixItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
        "unevaluatedItems",
        "not",
        "if",
        "then",
        "else",
    }
)
"""Keywords that the API refuses."""

FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)
"""Formats of strings that it enforces."""

_LISTS = ("anyOf", "allOf")
_NAMED = ("properties", "$defs", "definitions")
_decoder = msgspec.json.Decoder(_Schema)


def accepted_schema(schema: msgspec.Raw, at: str) -> tuple[msgspec.Raw, list[str]]:
    """Return the schema as the API takes it, and the keywords that had to be taken out of it.

    Raises:
        InvalidRequest: not a JSON object (``code="invalid_schema"``), or nested too deeply.
    """
    try:
        decoded = _decoder.decode(schema)
        unsupported: set[str] = set()
        changed = _accept(decoded, unsupported)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = "The JSON Schema must be a JSON object."
        raise InvalidRequest(msg, code="invalid_schema", param=at) from error
    if not changed:
        return schema, []
    return msgspec.Raw(msgspec.json.encode(decoded)), sorted(unsupported)


def is_accepted(schema: msgspec.Raw) -> bool:
    """Say whether the schema can be put into a form that the API takes: not one that contains itself."""
    if b'"$ref"' not in bytes(schema):
        return True
    try:
        return not is_recursive(_decoder.decode(schema))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return True  # no schema at all: ``accepted_schema`` says so


def _accept(schema: _Schema, unsupported: set[str]) -> bool:
    """Change a schema in place; say whether it had to be changed."""
    changed = _replace_one_of(schema)
    removed = {name: schema.pop(name) for name in list(schema) if _is_refused(name, schema[name])}
    changed |= bool(removed)
    if _is_object(schema):
        changed |= _close(schema, removed)
    if removed:
        unsupported.update(removed)
        limits = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in removed.items())
        described = schema.get("description")
        schema["description"] = f"{described}\n\n({limits})" if isinstance(described, str) else f"({limits})"
    for child in _children(schema):
        changed |= _accept(child, unsupported)
    return changed


def _is_refused(name: str, value: object) -> bool:
    if name == "format":
        return not isinstance(value, str) or value not in FORMATS
    if name == "minItems":
        return not isinstance(value, int) or value not in {0, 1}
    return name in REFUSED


def _replace_one_of(schema: _Schema) -> bool:
    """Write ``oneOf`` as ``anyOf``, which is the same for alternatives that exclude each other."""
    if "oneOf" not in schema or "anyOf" in schema:
        return False
    schema["anyOf"] = schema.pop("oneOf")
    return True


def _is_object(schema: _Schema) -> bool:
    kind = schema.get("type")
    return (
        kind == "object" or (isinstance(kind, list) and "object" in kind) or (kind is None and "properties" in schema)
    )


def _close(schema: _Schema, removed: _Schema) -> bool:
    """Allow no members but those named; a schema for others is one of the things taken out."""
    others = schema.get("additionalProperties")
    if others is False:
        return False
    if others is not None:
        removed["additionalProperties"] = others
    schema["additionalProperties"] = False
    return True


def _children(schema: _Schema) -> list[_Schema]:
    found: list[object] = [schema.get("items")]
    for name in _LISTS:
        alternatives = schema.get(name)
        if isinstance(alternatives, list):
            found += alternatives
    for name in _NAMED:
        members = schema.get(name)
        if isinstance(members, dict):
            found += members.values()
    return [cast("_Schema", child) for child in found if isinstance(child, dict)]


def is_recursive(root: _Schema) -> bool:
    """Say whether a schema needs itself, or one of its definitions does, at however many removes."""
    needs = {"#": _references(root)}
    for name in ("definitions", "$defs"):
        named = root.get(name)
        if isinstance(named, dict):
            needs |= {definition: _references(schema) for definition, schema in named.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return True
    return False


def _references(value: object) -> set[str]:
    """Return the last names of the references anywhere inside."""
    if isinstance(value, list):
        return set().union(*map(_references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_references, value.values()))
    if isinstance(value.get("$ref"), str):
        found.add(str(value["$ref"]).rpartition("/")[2])
    return found

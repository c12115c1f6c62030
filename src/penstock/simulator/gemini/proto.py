"""JSON of Google's APIs: members in camel or snake case, unknown ones refused, and the schemas that Gemini takes.

Google reads JSON as protocol buffers do: either spelling of a name is taken, 64-bit numbers may be strings, words of
enumerations are in capitals. A schema of the older kind (``responseSchema``, ``parameters``) is a dialect of OpenAPI
and is turned into JSON Schema here, so that one writer obeys both.

https://protobuf.dev/programming-guides/json/ and https://ai.google.dev/api/caching#Schema (read 2026-11-23).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from penstock.simulator.native import refuse
from penstock.simulator.request_fields import Fields

SCHEMA_MEMBERS = frozenset(
    (
        *("type", "format", "title", "description", "nullable", "enum", "items", "properties", "required", "anyOf"),
        *("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "minimum", "maximum"),
        *("pattern", "default", "example", "propertyOrdering", "additionalProperties", "ref", "defs", "$ref", "$defs"),
    )
)
TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
_NUMBERS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_NOT_MEANT = ("nullable", "propertyOrdering", "example", "default", "title", "description", "format")
_UNDERSCORE = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    """Return the camel-case spelling of a member's name."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def message(fields: Fields, known: frozenset[str]) -> Fields:
    """Return an object with its members in camel case.

    Raises:
        VendorError: a member is not known.
    """
    members = {camel(name): value for name, value in fields.members.items()}
    for spelt in fields.members:
        if camel(spelt) not in known:
            where = f" at '{fields.path}'" if fields.path else ""
            refuse(
                f'Invalid JSON payload received. Unknown name "{spelt[:100]}"{where}: Cannot find field.',
                fields.at(spelt),
                "unknown_member",
            )
    return Fields(members, fields.path)


def needed_bytes(fields: Fields, name: str) -> bytes:
    """Return the bytes of a base64 member (of either alphabet) that must be there."""
    text = fields.needed_text(name)
    try:
        return b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        refuse(
            f"Invalid value at '{fields.at(name)}' (TYPE_BYTES), Base64 decoding failed for \"{text[:40]}\"",
            fields.at(name),
        )


def json_schema(fields: Fields) -> dict[str, object]:
    """Turn Gemini's own kind of schema into JSON Schema.

    Raises:
        VendorError: it has members or types that this kind of schema does not have.
    """
    schema = message(fields, SCHEMA_MEMBERS)
    found = {name: value for name, value in schema.members.items() if name not in _NOT_MEANT}
    kind = (schema.text("type") or "").upper()
    if kind:
        if kind not in TYPES:
            refuse(f"Invalid value at '{schema.at('type')}' (Type), \"{kind[:40]}\"", schema.at("type"))
        found["type"] = kind.lower()
    for name in _NUMBERS:
        if isinstance(value := found.get(name), str) and value.isdigit():
            found[name] = int(value)
    if (items := schema.fields("items")) is not None:
        found["items"] = json_schema(items)
    if (properties := schema.fields("properties")) is not None:
        inner = {name: properties.needed_fields(name) for name in properties.members}
        found["properties"] = {name: json_schema(one) for name, one in inner.items()}
        if missing := [name for name in schema.members.get("required") or [] if name not in inner]:  # type: ignore[attr-defined]
            refuse(f"{schema.at('required')}: property is not defined: {missing[0]}", schema.at("required"))
    if schema.has("anyOf"):
        found["anyOf"] = [json_schema(one) for one in schema.objects("anyOf")]
    if kind == "ARRAY" and items is None:
        refuse(f"* {schema.at('items')}: missing field.", schema.at("items"))
    return {"anyOf": [found, {"type": "null"}]} if schema.flag("nullable") else found

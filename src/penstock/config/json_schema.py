"""The JSON Schema of configuration files, for editors that complete and check while one types.

Made from the same models that read the file, with what only the providers know put in: their ids, and the options of
each. It is a help, not the judge: what one value means to another is only checked by ``penstock check``.
JSON Schema 2020-12 (https://json-schema.org/draft/2020-12, read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.config.document import Document
from penstock.config.fields import SECRET_FILE, JsonSchema
from penstock.providers import configurable_providers

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_json_schema() -> JsonSchema:
    """Return the schema of a whole file."""
    schema: JsonSchema = Document.model_json_schema()
    definitions = _members(schema, "$defs")
    for section in (schema, *(_members(definitions, name) for name in definitions)):
        _drop_names_as_titles(section)
    _add_providers(definitions)
    _members(_members(definitions, "ClientKeySection"), "properties").update(_members(SECRET_FILE, "properties"))
    return {"$schema": _DIALECT, **schema, "title": "Penstock configuration"}


def _add_providers(definitions: JsonSchema) -> None:
    providers = configurable_providers()
    backend = _members(definitions, "BackendSection")
    fields = _members(backend, "properties")
    _members(fields, "provider")["anyOf"] = [
        {"title": "provider id", "enum": list(providers)},
        {"type": "string", "pattern": r"\$\{"},
    ]
    with_options = [each for each in providers.values() if msgspec.structs.fields(each.options)]
    options, components = msgspec.json.schema_components(
        [each.options for each in with_options], ref_template="#/$defs/{name}"
    )
    definitions.update(components)
    backend["allOf"] = [
        {
            "if": {"properties": {"provider": {"const": provider.id}}, "required": ["provider"]},
            "then": {"properties": {"options": schema}},
        }
        for provider, schema in zip(with_options, options, strict=True)
    ]


def _drop_names_as_titles(section: JsonSchema) -> None:
    """Remove the titles that pydantic makes of names: they repeat the key and hide the kind of the value."""
    section.pop("title", None)
    for name, field in _members(section, "properties").items():
        if isinstance(field, dict):
            if field.get("title") == name.replace("_", " ").title():
                del field["title"]
            if "default" in field and field["default"] is None:
                del field["default"]


def _members(schema: JsonSchema, key: str) -> JsonSchema:
    value = schema.get(key)
    return value if isinstance(value, dict) else {}

"""JSON Schema brought down to the subset of OpenAPI 3.0 that Gemini models before 2.5 take.

The result accepts every value that the original accepts: it is never stricter, so no answer that the caller would take
is kept from it. Where it accepts more, that is reported, by the caller's own path. Alternatives (``anyOf``, a list of
types) become ``anyOf`` of plain schemas, null becomes ``nullable``, ``const`` and untyped ``enum`` get a type.

https://ai.google.dev/api/caching#Schema (read 2026-11-23), with ``Schema`` and ``Type`` of google-genai 3.4: ``enum``
holds text only (numbers of an integer are spelled out), and ``anyOf`` stands without keywords of a type beside it. The
newer models take JSON Schema itself (``parametersJsonSchema``) and need nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeGuard

import msgspec

from penstock.core.chat_format import Losses
from penstock.core.errors import InvalidRequest
from penstock.wire.gemini_generate.schema_merge import Node, Place, SchemaTree, type_names

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "string": "STRING",
        "number": "NUMBER",
        "integer": "INTEGER",
        "boolean": "BOOLEAN",
        "array": "ARRAY",
        "object": "OBJECT",
    }
)
"""JSON Schema's words for types to Gemini's; ``null`` is said with ``nullable``."""

FORMATS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "string": frozenset({"date-time"}),
        "integer": frozenset({"int32", "int64"}),
        "number": frozenset({"float", "double"}),
    }
)
"""Formats that every host of Gemini takes; AI Studio refuses a request with another."""

_ANNOTATIONS = ("title", "description", "default")
_COUNTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "string": ("minLength", "maxLength"),
        "array": ("minItems", "maxItems"),
        "object": ("minProperties", "maxProperties"),
    }
)
_OF_TYPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
        "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"}),
        "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"}),
        "boolean": frozenset(),
        "array": frozenset(
            {"items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"}
            | {"minContains", "maxContains", "unevaluatedItems"}
        ),
        "object": frozenset(
            {"properties", "required", "minProperties", "maxProperties", "additionalProperties", "patternProperties"}
            | {"propertyNames", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties"}
        ),
    }
)
"""Keywords that say something only of values of one type; beside another type they mean nothing."""

_ALL_OF_TYPES = frozenset().union(*_OF_TYPES.values())
_READ = frozenset(
    {"type", "enum", "anyOf", "oneOf", "nullable", "properties", "required", "items", "pattern", "format"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", *_ANNOTATIONS}
    | {name for names in _COUNTS.values() for name in names}
)
_MEANINGLESS = frozenset(
    {"$schema", "$id", "id", "$comment", "$anchor", "$defs", "definitions", "$vocabulary", "propertyOrdering"}
)
_NOTES = frozenset(
    {"examples", "example", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"}
    | {"contentSchema", "discriminator", "xml", "externalDocs"}
)
"""Keywords that tell a reader something and constrain nothing."""

_decode = msgspec.json.Decoder().decode


def to_subset(schema: msgspec.Raw, path: str, losses: Losses) -> Node:
    """Return the schema (JSON text) in Gemini's subset; ``path`` is where it stands in the caller's body.

    Raises:
        InvalidRequest: not a schema; a ``$ref`` that leads nowhere, elsewhere or back to itself; too large.
    """
    try:
        root = _decode(schema)
    except (msgspec.DecodeError, RecursionError) as error:
        msg = "The JSON Schema is not valid JSON, or nested too deeply."
        raise InvalidRequest(msg, code="invalid_schema", param=path) from error
    return _Subset(root, losses).convert(root, Place(path))


class _Subset:
    """The conversion of one schema."""

    __slots__ = ("_losses", "_tree")

    def __init__(self, root: object, losses: Losses) -> None:
        self._losses = losses
        self._tree = SchemaTree(root, self._approximate)

    def _approximate(self, path: str, why: str) -> None:
        self._losses.at(path, why, "approximated")

    def convert(self, schema: object, place: Place) -> Node:
        """Return any schema at ``place`` in the subset."""
        node, place = self._tree.plain(schema, place)
        return self._plain(node, place)

    def _plain(self, node: Node, place: Place) -> Node:
        for keyword in ("anyOf", "oneOf"):
            if isinstance(node.get(keyword), list):
                return self._alternatives(node, keyword, place)
        return self._typed(node, place)

    # --- alternatives

    def _alternatives(self, node: Node, keyword: str, place: Place) -> Node:
        rest = {name: value for name, value in node.items() if name != keyword and name not in _ANNOTATIONS}
        nullable = rest.pop("nullable", None) is True
        if keyword == "oneOf":
            self._approximate(f"{place.path}.oneOf", "that only one alternative may fit cannot be said")
        branches = node[keyword]
        found: list[Node] = []
        for index, branch in enumerate(branches if isinstance(branches, list) else []):
            below = place.below(f".{keyword}[{index}]")
            plain, below = self._tree.plain({"allOf": [branch, rest]} if rest else branch, below)
            if plain.get("type") == []:  # what stands beside the alternatives leaves nothing of this one
                continue
            converted = self._plain(plain, below)
            nullable = nullable or converted.get("nullable") is True
            if converted != _ONLY_NULL:
                found.append(converted)
        return _annotated(_any_of(found, nullable=nullable), node)

    # --- one schema

    def _typed(self, node: Node, place: Place) -> Node:
        values = node.get("enum")
        names = self._known_types(node, place)
        nullable = node.get("nullable") is True
        if isinstance(values, list):
            names = [name for name in names or _ALL_NAMES if any(_is_a(value, name) for value in values)]
            names = [name for name in names if name != "number" or "integer" not in names or _has_fraction(values)]
            nullable = nullable or "null" in names
        if "null" in names:
            nullable = True
            names = [name for name in names if name != "null"]
            if not names:
                return _annotated(dict(_ONLY_NULL), node)
        if len(names) > 1:
            self._unsaid(node, place)
            found = [self._one(node, name, place, report=index == 0) for index, name in enumerate(names)]
            return _annotated(_any_of(found, nullable=nullable), node)
        self._unsaid(node, place)
        converted = self._one(node, names[0] if names else None, place, report=True)
        return _annotated({**converted, "nullable": True} if nullable else converted, node)

    def _known_types(self, node: Node, place: Place) -> list[str]:
        names = type_names(node.get("type", []))
        known = [name for name in dict.fromkeys(names) if name in TYPES or name == "null"]
        if "type" in node and (not names or len(known) < len(set(names))) and node["type"] != []:
            self._approximate(f"{place.path}.type", "not a type of JSON Schema")
        return known

    def _one(self, node: Node, name: str | None, place: Place, *, report: bool) -> Node:
        """Return the keywords that speak of values of type ``name``; of any type when it is None."""
        converted: Node = {} if name is None else {"type": TYPES[name]}
        mine = _OF_TYPES[name] if name is not None else _ALL_OF_TYPES
        for kind, keywords in _COUNTS.items():
            if name in {kind, None}:
                converted.update({key: int(value) for key in keywords if _is_count(value := node.get(key))})
        if "minimum" in mine:
            self._bounds(node, name, place, converted, report=report)
        if isinstance(node.get("pattern"), str) and "pattern" in mine:
            converted["pattern"] = node["pattern"]
        if isinstance(node.get("format"), str) and "format" in mine:
            self._format(node["format"], name, place, converted)
        if "items" in mine and (name == "array" or "items" in node or "prefixItems" in node):
            converted["items"] = self._items(node, place)
        if isinstance(node.get("properties"), dict) and "properties" in mine:
            self._properties(node, place, converted)
        if isinstance(node.get("enum"), list):
            self._enum(node["enum"], name, place, converted)
        return converted

    def _bounds(self, node: Node, name: str | None, place: Place, converted: Node, *, report: bool) -> None:
        for inclusive, exclusive, step in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
            bound, beyond = node.get(inclusive), node.get(exclusive)
            if _is_number(bound):
                converted[inclusive] = bound
            if not _is_number(beyond):
                if beyond is True and report:
                    self._approximate(f"{place.path}.{exclusive}", "bounds include their value here")
                continue
            if name == "integer" and _is_whole(beyond):
                beyond = int(beyond) + step
            elif report:
                self._approximate(f"{place.path}.{exclusive}", "bounds include their value here")
            tighter = max if step > 0 else min
            converted[inclusive] = tighter(bound, beyond) if _is_number(bound) else beyond

    def _format(self, word: object, name: str | None, place: Place, converted: Node) -> None:
        if name is not None and word in FORMATS.get(name, frozenset()):
            converted["format"] = word
        else:
            self._losses.at(f"{place.path}.format", "older Gemini models know few formats")

    def _items(self, node: Node, place: Place) -> Node:
        items = node.get("items", True)
        if "prefixItems" in node or isinstance(items, list):  # then ``items`` is of the later ones alone, or a tuple
            return {}
        return self.convert(items, place.below(".items"))

    def _properties(self, node: Node, place: Place, converted: Node) -> None:
        properties = node["properties"]
        if not isinstance(properties, dict):  # pragma: no cover - asked before
            return
        if properties:
            converted["properties"] = {
                name: self.convert(schema, place.below(f".properties.{name}")) for name, schema in properties.items()
            }
        if len(properties) > 1:
            converted["propertyOrdering"] = list(properties)
        required = [name for name in _strings(node.get("required")) if name in properties]
        if required:
            converted["required"] = required

    def _enum(self, values: object, name: str | None, place: Place, converted: Node) -> None:
        chosen = [value for value in values if name is None or _is_a(value, name)] if isinstance(values, list) else []
        if name == "string" and chosen and all(chosen):
            converted["enum"] = chosen
        elif name == "integer" and chosen:
            converted["enum"] = [str(int(value)) for value in chosen]
        elif name != "boolean" or len(chosen) < len((True, False)):
            self._approximate(f"{place.path}.enum", "only texts (none empty) and whole numbers can be listed here")

    # --- what is left out

    def _unsaid(self, node: Node, place: Place) -> None:
        """Report the keywords that the subset does not have, unless they mean nothing here."""
        names = type_names(node["type"]) if "type" in node else list(TYPES)
        mine = frozenset[str]().union(*(_OF_TYPES.get(name, frozenset()) for name in names))
        for keyword, value in node.items():
            if keyword in _MEANINGLESS or (keyword in _ALL_OF_TYPES and keyword not in mine):
                continue
            if keyword == "required":
                self._unknown_required(node, place)
            elif keyword == "items":
                if isinstance(value, list):
                    self._approximate(f"{place.path}.items", "items cannot differ by their place")
            elif keyword in _NOTES:
                self._losses.at(f"{place.path}.{keyword}", "older Gemini models do not take this keyword")
            elif keyword not in _READ and not _asks_nothing(keyword, value):
                self._approximate(f"{place.path}.{keyword}", "older Gemini models do not take this keyword")

    def _unknown_required(self, node: Node, place: Place) -> None:
        properties = node.get("properties")
        known = properties if isinstance(properties, dict) else {}
        if any(name not in known for name in _strings(node.get("required"))):
            self._approximate(f"{place.path}.required", "only properties that are described can be required")


_OPEN = frozenset(
    {"additionalProperties", "additionalItems", "unevaluatedProperties", "unevaluatedItems", "propertyNames"}
)
_ONLY_NULL: Node = {"nullable": True}
_ALL_NAMES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def _any_of(found: list[Node], *, nullable: bool) -> Node:
    null: Node = {"nullable": True} if nullable else {}
    if len(found) > 1:
        return {"anyOf": found, **null}
    return {**found[0], **null} if found else null


def _annotated(converted: Node, node: Node) -> Node:
    """Return ``converted`` with what ``node`` tells a reader; its own words come before those of a part."""
    said = {
        name: node[name]
        for name in _ANNOTATIONS
        if (name == "default" and name in node) or isinstance(node.get(name), str)
    }
    return {**converted, **{name: value for name, value in said.items() if value is not None}}


def _asks_nothing(keyword: str, value: object) -> bool:
    if keyword == "uniqueItems":
        return value is False
    if keyword in {"patternProperties", "dependentRequired", "dependentSchemas", "dependencies"}:
        return value == {}
    return keyword in _OPEN and (value is True or value == {})


def _is_a(value: object, name: str) -> bool:
    """Whether a value is of a type of JSON Schema, where 1.0 is an integer too."""
    if name == "integer":
        return _is_number(value) and _is_whole(value)
    if name == "number":
        return _is_number(value)
    return isinstance(value, _PYTHON_TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


_PYTHON_TYPES: Mapping[str, type] = MappingProxyType(
    {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}
)


def _has_fraction(values: Iterable[object]) -> bool:
    return any(_is_number(value) and not _is_whole(value) for value in values)


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> TypeGuard[int | float]:
    return _is_number(value) and _is_whole(value)


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

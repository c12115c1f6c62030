"""A caller's JSON Schema, read into typed nodes, with its references resolved.

The keywords are those of 2020-12 with the older spellings of arrays (a list under ``items``); annotations are skipped.
A keyword of the wrong type, a reference to another document and a dynamic reference are refused with the place they
stand at. Whether any value obeys the schema is not decided here.

https://json-schema.org/draft/2020-12/json-schema-validation (read 2026-11-23).
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Meta, UnsetType

from penstock.simulator.nesting import is_deeper_than
from penstock.simulator.schema import patterns

Size = Annotated[int, Meta(ge=0)]
Number = int | float
TypeName = Literal["null", "boolean", "object", "array", "number", "string", "integer"]
MAX_SCHEMA_NODES = 20_000
MAX_SCHEMA_DEPTH = 250
"""Objects and arrays inside one another: far more than anybody needs, and less than any interpreter bears."""


class SchemaRefused(ValueError):
    """The schema is malformed, or uses what is not understood here. The text says where and why."""


class Node(msgspec.Struct, eq=False, rename="camel"):
    """One schema object. Two nodes are the same when they are one object."""

    ref: str | None = msgspec.field(default=None, name="$ref")
    dynamic_ref: str | None = msgspec.field(default=None, name="$dynamicRef")
    type: TypeName | list[TypeName] | None = None
    enum: list[object] | None = None
    const: object = UNSET
    all_of: list[Node | bool] = []
    any_of: list[Node | bool] = []
    one_of: list[Node | bool] = []
    not_: Node | bool | UnsetType = msgspec.field(default=UNSET, name="not")
    if_: Node | bool | UnsetType = msgspec.field(default=UNSET, name="if")
    then: Node | bool = True
    else_: Node | bool = msgspec.field(default=True, name="else")
    properties: dict[str, Node | bool] = {}
    pattern_properties: dict[str, Node | bool] = {}
    additional_properties: Node | bool | UnsetType = UNSET
    property_names: Node | bool | UnsetType = UNSET
    required: list[str] = []
    min_properties: Size = 0
    max_properties: Size | None = None
    dependent_required: dict[str, list[str]] = {}
    dependent_schemas: dict[str, Node | bool] = {}
    items: Node | bool | list[Node | bool] | UnsetType = UNSET
    prefix_items: list[Node | bool] = []
    additional_items: Node | bool | UnsetType = UNSET
    min_items: Size = 0
    max_items: Size | None = None
    unique_items: bool = False
    contains: Node | bool | UnsetType = UNSET
    min_contains: Size = 1
    max_contains: Size | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    exclusive_minimum: Number | None = None
    exclusive_maximum: Number | None = None
    multiple_of: Annotated[int, Meta(gt=0)] | Annotated[float, Meta(gt=0)] | None = None
    min_length: Size = 0
    max_length: Size | None = None
    pattern: str | None = None
    format: str | None = None

    def types(self) -> list[TypeName] | None:
        """Return the types that are allowed; None for all."""
        return [self.type] if isinstance(self.type, str) else self.type

    def enumerated(self) -> list[object] | None:
        """Return values that no other is allowed besides; None when they are not listed."""
        return [self.const] if self.const is not UNSET else self.enum

    def leading_items(self) -> list[Node | bool]:
        """Return the schemas of the first items, one each."""
        return self.items if isinstance(self.items, list) else self.prefix_items

    def further_items(self) -> Node | bool | UnsetType:
        """Return the schema of the items after those."""
        return self.additional_items if isinstance(self.items, list) else self.items


Schema = Node | bool


class Document:
    """A whole schema, and what its references point at."""

    def __init__(self, source: object) -> None:
        """Read ``source``, a decoded JSON value.

        Raises:
            SchemaRefused: it is no schema, or one that is not understood.
        """
        if is_deeper_than(MAX_SCHEMA_DEPTH, source):
            msg = f"it is nested more than {MAX_SCHEMA_DEPTH} levels deep"
            raise SchemaRefused(msg)
        self._source = source
        self._read: dict[str, Schema] = {}
        self.root = self.target("#")
        self._check_references()

    def target(self, reference: str) -> Schema:
        """Return the schema that a ``$ref`` names (``#`` and JSON pointers behind it)."""
        found = self._read.get(reference)
        if found is None:
            found = self._read[reference] = _read_node(self._find(reference), reference)
        return found

    def _find(self, reference: str) -> object:
        if not (reference == "#" or reference.startswith("#/")):
            msg = f"the reference {reference!r} does not begin with '#/'; only places of the same schema can be named"
            raise SchemaRefused(msg)
        found = self._source
        for step in reference.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                msg = f"the reference {reference!r} points at nothing"
                raise SchemaRefused(msg)
        return found

    def _check_references(self) -> None:
        """Follow every reference and read every pattern once, so that later steps meet no surprise."""
        pending: list[Schema] = [self.root]
        seen: set[int] = set()
        while pending:
            schema = pending.pop()
            if isinstance(schema, bool) or id(schema) in seen:
                continue
            seen.add(id(schema))
            if len(seen) > MAX_SCHEMA_NODES:
                msg = f"it has more than {MAX_SCHEMA_NODES} parts"
                raise SchemaRefused(msg)
            if schema.dynamic_ref is not None:
                msg = "'$dynamicRef' is not understood by the simulator"
                raise SchemaRefused(msg)
            if schema.ref is not None:
                pending.append(self.target(schema.ref))
            for expression in (schema.pattern, *schema.pattern_properties):
                _check_pattern(expression)
            pending += parts_of(schema)


def parts_of(node: Node) -> list[Schema]:
    """Return every schema that stands directly inside this one."""
    found: list[Schema] = [*node.all_of, *node.any_of, *node.one_of, node.then, node.else_, *node.prefix_items]
    found += [*node.properties.values(), *node.pattern_properties.values(), *node.dependent_schemas.values()]
    found += node.items if isinstance(node.items, list) else []
    single = (node.not_, node.if_, node.additional_properties, node.property_names, node.items, node.additional_items)
    found += [part for part in (*single, node.contains) if isinstance(part, Node | bool)]
    return found


def _read_node(source: object, place: str) -> Schema:
    try:
        return msgspec.convert(source, Node | bool)
    except msgspec.ValidationError as error:
        msg = f"{error} (below {place})"
        raise SchemaRefused(msg) from error


def _check_pattern(expression: str | None) -> None:
    if expression is None:
        return
    try:
        patterns.read(expression)
    except patterns.PatternRefused as error:
        raise SchemaRefused(str(error)) from error

"""Say whether a value obeys a schema.

The writer of values builds most of them right by construction; what a choice among branches breaks elsewhere
(``oneOf`` that two branches fit, ``not``, ``if``) is found here. Formats are annotations in JSON Schema and are not
checked.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import UNSET

from penstock.simulator.schema import patterns
from penstock.simulator.schema.document import Document, Node, Schema, TypeName


def satisfies(document: Document, schema: Schema, value: object) -> bool:
    """Say whether a decoded JSON value obeys the schema.

    Raises:
        RecursionError: the schema refers to itself without end.
    """
    if isinstance(schema, bool):
        return schema
    return (
        _has_type(schema, value)
        and _is_enumerated(schema, value)
        and _fits_branches(document, schema, value)
        and fits_size(schema, value)
        and (not isinstance(value, dict) or _fits_object(document, schema, value))
        and (not isinstance(value, list) or _fits_array(document, schema, value))
    )


def type_of(value: object) -> TypeName:
    """Return the JSON Schema type of a decoded JSON value; a number without a fraction is an integer."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case list():
            return "array"
        case _:
            return "object"


def identity(value: object) -> object:
    """Return something hashable that two values share when JSON Schema calls them equal: 1 is 1.0 and is not true."""
    match value:
        case bool() | None:
            return ("constant", value)
        case list():
            return ("array", *(identity(item) for item in value))
        case dict():
            return ("object", frozenset((name, identity(item)) for name, item in value.items()))
        case _:
            return value


def is_multiple(value: float, step: float) -> bool:
    """Say whether a number is a multiple of ``step``, as decimals and not as binary fractions."""
    return Fraction(str(value)) % Fraction(str(step)) == 0


def _has_type(node: Node, value: object) -> bool:
    types = node.types()
    found = type_of(value)
    return types is None or found in types or (found == "integer" and "number" in types)


def _is_enumerated(node: Node, value: object) -> bool:
    found = identity(value)
    is_const = node.const is UNSET or found == identity(node.const)
    return is_const and (node.enum is None or found in {identity(item) for item in node.enum})


def _fits_branches(document: Document, node: Node, value: object) -> bool:
    def fits(schema: Schema) -> bool:
        return satisfies(document, schema, value)

    if node.ref is not None and not fits(document.target(node.ref)):
        return False
    if not all(fits(schema) for schema in node.all_of):
        return False
    if node.any_of and not any(fits(schema) for schema in node.any_of):
        return False
    if node.one_of and sum(fits(schema) for schema in node.one_of) != 1:
        return False
    if node.not_ is not UNSET and fits(node.not_):
        return False
    return node.if_ is UNSET or fits(node.then if fits(node.if_) else node.else_)


def fits_size(node: Node, value: object) -> bool:
    """Say whether a string or a number keeps the node's lengths, pattern and bounds; anything else does."""
    if isinstance(value, str):
        matched = node.pattern is None or patterns.search(patterns.read(node.pattern), value)
        return matched and _within(len(value), node.min_length, node.max_length)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (
        _within(value, node.minimum, node.maximum)
        and (node.exclusive_minimum is None or value > node.exclusive_minimum)
        and (node.exclusive_maximum is None or value < node.exclusive_maximum)
        and (node.multiple_of is None or is_multiple(value, node.multiple_of))
    )


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def property_schemas(node: Node, name: str) -> list[Schema]:
    """Return the schemas that one node has for a member of this name; none when it says nothing about it."""
    found = [schema for text, schema in node.pattern_properties.items() if patterns.search(patterns.read(text), name)]
    if name in node.properties:
        found.append(node.properties[name])
    elif not found and node.additional_properties is not UNSET:
        found.append(node.additional_properties)
    return found


def _fits_object(document: Document, node: Node, value: dict[str, object]) -> bool:
    return (
        all(name in value for name in node.required)
        and _within(len(value), node.min_properties, node.max_properties)
        and all(
            satisfies(document, schema, item) for name, item in value.items() for schema in property_schemas(node, name)
        )
        and (node.property_names is UNSET or all(satisfies(document, node.property_names, name) for name in value))
        and all(other in value for name, others in node.dependent_required.items() if name in value for other in others)
        and all(satisfies(document, other, value) for name, other in node.dependent_schemas.items() if name in value)
    )


def item_schema(node: Node, index: int) -> Schema:
    """Return the schema that one node has for the item at this place."""
    leading = node.leading_items()
    if index < len(leading):
        return leading[index]
    further = node.further_items()
    return True if further is UNSET else further


def _fits_array(document: Document, node: Node, value: list[object]) -> bool:
    if not _within(len(value), node.min_items, node.max_items):
        return False
    if node.unique_items and len({identity(item) for item in value}) < len(value):
        return False
    if not all(satisfies(document, item_schema(node, index), item) for index, item in enumerate(value)):
        return False
    if node.contains is UNSET:
        return True
    return _within(
        sum(satisfies(document, node.contains, item) for item in value), node.min_contains, node.max_contains
    )

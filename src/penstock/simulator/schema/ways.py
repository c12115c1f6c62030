"""The ways through a schema's branches.

A schema that combines others (``$ref``, ``allOf``, ``anyOf``, ``oneOf``, ``if``) is taken apart into *conjunctions*:
lists of plain nodes that must all hold, one list for each way through the branches. What ``not`` forbids, and that only
one branch of ``oneOf`` may fit, is not seen here: a value is checked for that afterwards.

Recursive schemas need the way out: ``height`` says how deep the smallest value of a schema must be nested, and below a
certain depth the lowest ways come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from penstock.simulator.schema.check import item_schema, property_schemas
from penstock.simulator.schema.document import Document, Node, Schema, TypeName

Schemas = tuple[Schema, ...]
ENDLESS = 10**6
_FUEL = 12
_HEIGHT_OF_ITEMS = 16
_ALL_TYPES: tuple[TypeName, ...] = ("string", "integer", "boolean", "object", "array", "null")


class Ways:
    """Takes the schemas of one document apart."""

    def __init__(self, document: Document) -> None:
        """Belong to a document."""
        self._document = document
        self._heights: dict[tuple[int, int], int] = {}

    def through(self, schemas: Schemas, *, lowest_first: bool) -> Iterator[list[Node]]:
        """Yield the conjunctions that the schemas come to, in the order in which they should be tried."""
        yield from self._through(list(schemas), [], frozenset(), lowest_first=lowest_first)

    def _through(
        self, pending: list[Schema], forks: list[list[Schemas]], seen: frozenset[int], *, lowest_first: bool
    ) -> Iterator[list[Node]]:
        nodes: list[Node] = []
        while pending:
            schema = pending.pop(0)
            if schema is False:
                return
            if schema is True or id(schema) in seen:
                continue
            seen |= {id(schema)}
            nodes.append(schema)
            pending += self._parts_that_hold(schema)
            forks = forks + _forks_of(schema)
        if not forks:
            yield nodes
            return
        options = sorted(forks[0], key=self._height_of_all) if lowest_first else forks[0]
        for option in options:
            for further in self._through(list(option), forks[1:], seen, lowest_first=lowest_first):
                yield nodes + further

    def _parts_that_hold(self, node: Node) -> list[Schema]:
        """Return the schemas that hold whenever this node does."""
        referred = [] if node.ref is None else [self._document.target(node.ref)]
        dependent = [schema for name, schema in node.dependent_schemas.items() if name in node.required]
        return [*referred, *node.all_of, *dependent]

    def height(self, schema: Schema) -> int:
        """Return how deep the smallest value must be nested; ``ENDLESS`` when there seems to be none."""
        return self._height(schema, _FUEL)

    def _height_of_all(self, schemas: Schemas) -> int:
        return max(self.height(schema) for schema in schemas)

    def _height(self, schema: Schema, fuel: int) -> int:
        """Give up after ``fuel`` steps inwards: what is higher than that is as good as endless."""
        if isinstance(schema, bool):
            return 0 if schema else ENDLESS
        if fuel == 0:
            return ENDLESS
        key = (id(schema), fuel)
        if key not in self._heights:
            held = [self._height(part, fuel - 1) for part in self._parts_that_hold(schema)]
            forked = [
                min(max(self._height(part, fuel - 1) for part in option) for option in fork)
                for fork in _forks_of(schema)
            ]
            types = usual_types([schema]) if schema.type is not None else usual_types([schema])[:1]
            own = min((self._height_as(type_, schema, fuel) for type_ in types), default=ENDLESS)
            self._heights[key] = max(own, *held, *forked) if held or forked else own
        return self._heights[key]

    def _height_as(self, type_: TypeName, node: Node, fuel: int) -> int:
        """Return the height of the node's smallest value of one type."""
        if node.enumerated() is not None:
            return 0
        inside: list[Schema] = []
        if type_ == "object":
            inside = [part for name in node.required for part in property_schemas(node, name) or [True]]
        elif type_ == "array":
            inside = [item_schema(node, index) for index in range(min(node.min_items, _HEIGHT_OF_ITEMS))]
        return 1 + max(self._height(part, fuel - 1) for part in inside) if inside else 0


def _forks_of(node: Node) -> list[list[Schemas]]:
    """Return the node's choices, each a list of options."""
    forks: list[list[Schemas]] = [[(option,) for option in some] for some in (node.any_of, node.one_of) if some]
    if node.if_ is not UNSET:
        forks.append([(node.if_, node.then), (node.else_,)])
    return forks


def usual_types(nodes: list[Node]) -> list[TypeName]:
    """Return the types that all the nodes allow, in the order in which to try them; null comes last."""
    declared = [types for node in nodes if (types := node.types()) is not None]
    if not declared:
        meant = [type_ for node in nodes for type_ in _types_meant(node)]
        return list(dict.fromkeys((*meant, *_ALL_TYPES)))
    wanted: list[TypeName] = []
    for type_ in declared[0]:
        if all(_allows(types, type_) for types in declared):
            wanted.append(type_)
        elif type_ == "number" and all(_allows(types, "integer") for types in declared):
            wanted.append("integer")
    return sorted(wanted, key=lambda type_: type_ == "null")


def _allows(types: list[TypeName], type_: TypeName) -> bool:
    return type_ in types or (type_ == "integer" and "number" in types)


def _types_meant(node: Node) -> list[TypeName]:
    """Return the types that a node's keywords speak of when it declares none."""
    meant: list[TypeName] = []
    if (
        node.properties
        or node.required
        or node.pattern_properties
        or node.min_properties
        or node.additional_properties is not UNSET
    ):
        meant.append("object")
    if node.items is not UNSET or node.prefix_items or node.min_items or node.contains is not UNSET:
        meant.append("array")
    if node.pattern is not None or node.format is not None or node.min_length or node.max_length is not None:
        meant.append("string")
    bounds = (node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum, node.multiple_of)
    if any(bound is not None for bound in bounds):
        meant.append("number")
    return meant

"""Write a value that obeys a JSON Schema.

Each part is built right by construction, for one way through the branches of its schema; where another part of the
schema can still forbid it (``oneOf``, ``not``, ``if`` …) it is checked, and the next way is tried. Down to a certain
depth everything optional is written; below it as little as possible, so that recursive schemas end. Steps are counted,
so that a hostile schema ends too.

Not promised: that a value is found for every schema that has one. When none is found the caller is told so.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import UNSET

from penstock.simulator.chance import chance
from penstock.simulator.schema import patterns
from penstock.simulator.schema.check import identity, item_schema, property_schemas, satisfies
from penstock.simulator.schema.document import Document, Node, SchemaRefused, TypeName
from penstock.simulator.schema.numbers import write_number
from penstock.simulator.schema.strings import write_string
from penstock.simulator.schema.ways import Schemas, Ways, usual_types

MAX_STEPS = 20_000
MAX_WAYS = 64
MAX_ITEMS = 10_000
FULL_DEPTH = 3
"""Down to here optional members and items are written."""
_TRIES = 8
_TRIES_FOR_UNIQUE = 48


class NoValue(Exception):
    """No value was found for this part; another way may have one."""


def write_value(source: object, *seed: object) -> object:
    """Return a JSON value that obeys the schema ``source``, fixed by the seed.

    Raises:
        SchemaRefused: the schema is malformed or not understood, or no value that obeys it was found.
    """
    try:
        document = Document(source)
        return _Writer(document, chance(*seed)).value((document.root,), 0, "")
    except NoValue as error:
        msg = f"the simulator found no value that obeys it: {error}"
        raise SchemaRefused(msg) from error
    except patterns.PatternRefused as error:
        raise SchemaRefused(str(error)) from error
    except RecursionError as error:
        msg = "it refers to itself without end, or is nested too deeply"
        raise SchemaRefused(msg) from error


class _Writer:
    """Writes one value; holds what its parts share."""

    def __init__(self, document: Document, draw: random.Random) -> None:
        self.document = document
        self.ways = Ways(document)
        self.draw = draw
        self.steps = 0

    def value(self, schemas: Schemas, depth: int, name: str) -> object:
        """Write a value that obeys all the schemas; ``name`` is what it stands for."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            msg = f"the simulator found no value that obeys it in {MAX_STEPS} steps"
            raise SchemaRefused(msg)
        reason = NoValue(f"nothing is allowed for {name!r}" if name else "nothing is allowed")
        for nodes in islice(self.ways.through(schemas, lowest_first=depth >= FULL_DEPTH), MAX_WAYS):
            checked = any(_is_intricate(node) for node in nodes)
            try:
                for found in self.candidates(nodes or [Node()], depth, name):
                    if not checked or all(satisfies(self.document, schema, found) for schema in schemas):
                        return found
            except NoValue as error:
                reason = error
        raise reason

    def candidates(self, nodes: list[Node], depth: int, name: str) -> Iterator[object]:
        """Yield values for one way; of the nodes only what is no branch is looked at.

        Raises:
            NoValue: when the last kind of value could not be written.
        """
        listed = [values for node in nodes if (values := node.enumerated()) is not None]
        if listed:
            yield from self.draw.sample(shortest := min(listed, key=len), len(shortest))
            return
        reason = NoValue(f"no type is allowed for {name!r}")
        for type_ in usual_types(nodes):
            try:
                for _ in range(_TRIES):
                    yield self.of_type(type_, nodes, depth, name)
            except NoValue as error:
                reason = error
        raise reason

    def of_type(self, type_: TypeName, nodes: list[Node], depth: int, name: str) -> object:
        """Write a value of one type."""
        match type_:
            case "null":
                return None
            case "boolean":
                return self.draw.random() < 0.5
            case "object":
                return self.write_object(nodes, depth)
            case "array":
                return self.write_array(nodes, depth, name)
            case "string":
                return _found(write_string(nodes, name, self.draw), "string", name)
            case _:
                return _found(write_number(nodes, self.draw, whole=type_ == "integer"), "number", name)

    # --- objects

    def write_object(self, nodes: list[Node], depth: int) -> dict[str, object]:
        """Write an object: what is required, what is declared while there is room, and what fills it up."""
        required = _required(nodes)
        least = max(node.min_properties for node in nodes)
        most = min((node.max_properties for node in nodes if node.max_properties is not None), default=MAX_ITEMS)
        if max(least, len(required)) > most:
            msg = f"{max(least, len(required))} members are needed and {most} allowed"
            raise NoValue(msg)
        declared = dict.fromkeys(name for node in nodes for name in node.properties)
        written: dict[str, object] = {}
        room = most - len(required)
        for name in (*declared, *(name for name in required if name not in declared)):
            wanted = name in required or (room > 0 and (depth < FULL_DEPTH or len(written) < least))
            if not wanted or (name not in required and _asks_for_more(nodes, name)):
                continue
            try:
                written[name] = self.member(nodes, name, depth)
            except NoValue:
                if name in required:
                    raise
                continue
            room -= name not in required
        self.fill(written, nodes, least, depth)
        return written

    def member(self, nodes: list[Node], name: str, depth: int) -> object:
        """Write the value of one member."""
        names = tuple(node.property_names for node in nodes if node.property_names is not UNSET)
        if not all(satisfies(self.document, schema, name) for schema in names):
            msg = f"the name {name!r} is not allowed"
            raise NoValue(msg)
        schemas = tuple(schema for node in nodes for schema in property_schemas(node, name))
        return self.value(schemas, depth + 1, name)

    def fill(self, written: dict[str, object], nodes: list[Node], least: int, depth: int) -> None:
        """Add members with names of our own until there are enough."""
        names = tuple(node.property_names for node in nodes if node.property_names is not UNSET)
        expressions = [patterns.read(text) for node in nodes for text in node.pattern_properties]
        reason = NoValue(f"{least} members are needed")
        for attempt in range(4 * least + 4 if len(written) < least else 0):
            name = f"simulated_{attempt + 1}"
            if names:
                name = str(self.value(names, depth + 1, name))
            elif expressions and attempt % 2 == 0:
                name = patterns.sample(self.draw.choice(expressions), self.draw, 3)
            for spelling in (name, f"{name}{attempt + 1}"):
                try:
                    written.setdefault(spelling, self.member(nodes, spelling, depth))
                except NoValue as error:
                    reason = error
                if len(written) >= least:
                    return
        if len(written) < least:
            raise reason

    # --- arrays

    def write_array(self, nodes: list[Node], depth: int, name: str) -> list[object]:
        """Write an array: the leading items, then as many more as are asked for, or two."""
        least, most = _array_sizes(nodes)
        if least > most:
            msg = f"{least} items are needed and {most} allowed for {name!r}"
            raise NoValue(msg)
        leading = max(len(node.leading_items()) for node in nodes)
        usual = max(leading, 2 if any(_has_item_schema(node) for node in nodes) else 1) if depth < FULL_DEPTH else 0
        size = min(max(least, usual), most)
        unique = any(node.unique_items for node in nodes)
        contained = self.contained(nodes, leading, size)
        written: list[object] = []
        taken: set[object] = set()
        for index in range(size):
            schemas = tuple(item_schema(node, index) for node in nodes) + contained.get(index, ())
            try:
                item = self.item(schemas, depth, f"{name} {index + 1}".strip(), taken if unique else None)
            except NoValue:
                if index < least:
                    raise
                break
            written.append(item)
            taken.add(identity(item) if unique else None)
        return written

    def contained(self, nodes: list[Node], leading: int, size: int) -> dict[int, Schemas]:
        """Say which items must also obey a ``contains``: those behind the leading ones, as far as there are any."""
        places: dict[int, Schemas] = {}
        for node in nodes:
            if node.contains is UNSET:
                continue
            first = max(0, min(leading, size - node.min_contains))
            for index in range(first, first + node.min_contains):
                places[index] = (*places.get(index, ()), node.contains)
        return places

    def item(self, schemas: Schemas, depth: int, name: str, taken: set[object] | None) -> object:
        """Write one item; unlike all those taken, if they are given."""
        for _ in range(1 if taken is None else _TRIES_FOR_UNIQUE):
            found = self.value(schemas, depth + 1, name)
            if taken is None or identity(found) not in taken:
                return found
        msg = f"no further unlike value was found for {name!r}"
        raise NoValue(msg)


def _found(value: object, kind: str, name: str) -> object:
    if value is None:
        msg = f"no {kind} fits for {name!r}" if name else f"no {kind} fits"
        raise NoValue(msg)
    return value


def _is_intricate(node: Node) -> bool:
    """Say whether a value for one way may still be forbidden by another part of the node."""
    return bool(
        node.one_of
        or node.dependent_schemas
        or node.enumerated() is not None
        or node.not_ is not UNSET
        or node.if_ is not UNSET
        or node.max_contains is not None
    )


def _required(nodes: Iterable[Node]) -> dict[str, None]:
    """Return the names that must be there, with those that they in turn ask for, in order."""
    nodes = list(nodes)
    names = dict.fromkeys(name for node in nodes for name in node.required)
    pending = list(names)
    while pending:
        name = pending.pop()
        more = [other for node in nodes for other in node.dependent_required.get(name, []) if other not in names]
        names.update(dict.fromkeys(more))
        pending += more
    return names


def _asks_for_more(nodes: list[Node], name: str) -> bool:
    """Say whether a member that need not be there would change what must be."""
    return any(name in node.dependent_required or name in node.dependent_schemas for node in nodes)


def _array_sizes(nodes: list[Node]) -> tuple[int, int]:
    needed = [node.min_contains for node in nodes if node.contains is not UNSET]
    least = max(*(node.min_items for node in nodes), *needed, 0)
    most = min((node.max_items for node in nodes if node.max_items is not None), default=MAX_ITEMS)
    return least, min(most, MAX_ITEMS)


def _has_item_schema(node: Node) -> bool:
    return isinstance(node.further_items(), Node)

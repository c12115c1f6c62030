"""One JSON Schema out of several: references put in, ``allOf`` joined into one object.

A subset of OpenAPI has neither, so ``schema_subset`` asks here for one plain object of keywords at a time. What is
joined accepts all that the parts accept together; where two keywords cannot be joined the first stays, which accepts
more, and that is reported. JSON Schema 2020-12, https://json-schema.org/draft/2020-12/json-schema-core (read
2026-11-23). Which keywords Gemini takes is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeGuard

from penstock.core.errors import InvalidRequest

Node = dict[str, object]
Report = Callable[[str, str], None]
"""Takes a path and why what stands there is no longer exact."""

MOST_NODES = 4096
_SIZE_OF_A_NODE = 64
"""A list of so many values counts as a further part, for it is walked through as often as a reference puts it in."""

DEEPEST = 64
_HOLD_SCHEMAS = frozenset({"properties", "items", "anyOf", "oneOf"})
_SILENT = frozenset({"title", "description", "default", "example", "examples", "$comment", "nullable"})


class Place(NamedTuple):
    """Where in the caller's body a schema stands, and through which references it was reached."""

    path: str
    references: frozenset[str] = frozenset()
    depth: int = 0

    def below(self, step: str) -> Place:
        """Return the place of a schema within this one; ``step`` begins with ``.`` or ``[``."""
        return Place(self.path + step, self.references, self.depth + 1)


class SchemaTree:
    """A whole schema: follows its references, joins its parts, and bounds the work."""

    __slots__ = ("_report", "_root", "_seen")

    def __init__(self, root: object, report: Report) -> None:
        """Take the decoded schema, and whom to tell of what is not exact any more."""
        self._root = root
        self._report = report
        self._seen = 0

    def plain(self, schema: object, place: Place) -> tuple[Node, Place]:
        """Return ``schema`` without ``$ref`` and ``allOf``, and its place with the references that were followed.

        ``true`` and ``false`` are the schemas that accept all; for ``false`` that is reported.

        Raises:
            InvalidRequest: not a schema, a reference that leads nowhere or back to itself, or too large a tree (which
                one that contains itself through several parts is, too).
        """
        self._seen += 1 + _size(schema) // _SIZE_OF_A_NODE
        if self._seen > MOST_NODES or place.depth > DEEPEST:
            msg = (
                f"The JSON Schema has more than {MOST_NODES} parts or {DEEPEST} levels once its references are put in;"
                " this model takes no larger one, and none that contains itself."
            )
            raise InvalidRequest(msg, code="schema_too_large", param=place.path)
        if schema is False:
            self._report(place.path, "a schema that accepts nothing cannot be said")
        if isinstance(schema, bool):
            return {}, place
        if not isinstance(schema, dict):
            msg = "A JSON Schema must be an object or a boolean."
            raise InvalidRequest(msg, code="invalid_schema", param=place.path)
        node: Node = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
        if "const" in node:
            node = join(node, {"enum": [node.pop("const")]}, self._reporter(place))
        parts = [self.plain(part, place.below(f".allOf[{index}]")) for index, part in enumerate(_parts(schema, place))]
        if "$ref" in schema:
            parts.insert(0, self._follow(schema["$ref"], place))
        for other, _ in parts:
            node = join(node, other, self._reporter(place))
        # With schemas of several parts nobody knows any more through which part a later one was reached.
        one = len(parts) == 1 and not _HOLD_SCHEMAS & schema.keys()
        inside = Place(place.path, parts[0][1].references, place.depth) if one else place
        return node, inside

    def _reporter(self, place: Place) -> Callable[[str], None]:
        return lambda keyword: self._report(f"{place.path}.{keyword}", "two parts say this, and cannot be joined")

    def _follow(self, reference: object, place: Place) -> tuple[Node, Place]:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            msg = "A $ref must point into the same schema, as in #/$defs/Name."
            raise InvalidRequest(msg, code="invalid_schema", param=f"{place.path}.$ref")
        if reference in place.references:
            msg = f"The schema contains itself through {reference}; this model takes no recursive schema."
            raise InvalidRequest(msg, code="recursive_schema", param=f"{place.path}.$ref")
        inner = Place(place.path, place.references | {reference}, place.depth + 1)
        return self.plain(_look_up(self._root, reference, place), inner)


def _size(schema: object) -> int:
    if not isinstance(schema, dict):
        return 0
    return len(schema) + sum(len(value) for value in schema.values() if isinstance(value, list | dict))


def _parts(schema: Mapping[str, object], place: Place) -> list[object]:
    parts = schema.get("allOf", [])
    if not isinstance(parts, list):
        msg = "allOf must be a list of schemas."
        raise InvalidRequest(msg, code="invalid_schema", param=f"{place.path}.allOf")
    return parts


def _look_up(root: object, reference: str, place: Place) -> object:
    """Follow a JSON pointer (RFC 6901)."""
    target = root
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
            target = target[int(name)]
        elif isinstance(target, dict) and name in target:
            target = target[name]
        else:
            msg = f"The $ref {reference} points to nothing in this schema."
            raise InvalidRequest(msg, code="invalid_schema", param=f"{place.path}.$ref")
    return target


# --- joining two objects of keywords


def join(first: Node, second: Node, inexact: Callable[[str], None]) -> Node:
    """Return what accepts (at least) the values that both accept; ``inexact`` is told a keyword that was left out."""
    joined = dict(first)
    for name, value in second.items():
        if name not in joined or joined[name] == value:
            joined[name] = value
        elif name in _JOINS and (both := _JOINS[name](joined[name], value)) is not None:
            joined[name] = both
        elif name not in _SILENT:
            inexact(name)
    return joined


def _most(first: object, second: object) -> object:
    return max(first, second) if _is_number(first) and _is_number(second) else None


def _least(first: object, second: object) -> object:
    return min(first, second) if _is_number(first) and _is_number(second) else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _all_names(first: object, second: object) -> object:
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    return list(dict.fromkeys(name for name in first + second if isinstance(name, str)))


def _common_values(first: object, second: object) -> object:
    """Return the values of the first that are in the second; lists and objects stay, whether they are or not."""
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    known = {_key(value) for value in second}
    return [value for value in first if isinstance(value, list | dict) or _key(value) in known]


def _key(value: object) -> tuple[bool, object]:
    """Tell values apart as JSON does: 1 and 1.0 are one, 1 and true are not."""
    return isinstance(value, bool), None if isinstance(value, list | dict) else value


def _common_types(first: object, second: object) -> object:
    ours, theirs = set(type_names(first)), set(type_names(second))
    common = ours & theirs
    if ("integer" in ours and "number" in theirs) or ("integer" in theirs and "number" in ours):
        common.add("integer")
    return sorted(common)


def type_names(value: object) -> list[str]:
    """Return what ``type`` names; a word alone is a list of one."""
    return [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]


def _both_properties(first: object, second: object) -> object:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return None
    joined = dict(first)
    for name, schema in second.items():
        joined[name] = {"allOf": [joined[name], schema]} if name in joined else schema
    return joined


def _both_schemas(first: object, second: object) -> object:
    if not isinstance(first, dict | bool) or not isinstance(second, dict | bool):
        return None
    return {"allOf": [first, second]}


_JOINS: Mapping[str, Callable[[object, object], object]] = {
    "type": _common_types,
    "enum": _common_values,
    "properties": _both_properties,
    "required": _all_names,
    "items": _both_schemas,
    "additionalProperties": _both_schemas,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _most),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), _least),
}

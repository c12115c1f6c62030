"""What OpenAI asks of a schema that is given with ``strict: true``.

The root is an object and no ``anyOf``; every object closes itself (``additionalProperties: false``) and requires all of
its properties. Whether the schema is well-formed besides is for the package ``schema`` to say.

https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas" (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_DEPTH = 100


def strict_problem(schema: object) -> str | None:
    """Return what OpenAI would refuse a strict schema for, with its place, or None."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return "In context=(), a schema must have 'type': 'object' at its root."
    if "anyOf" in schema:
        return "In context=(), 'anyOf' is not permitted at the root."
    pending: list[tuple[tuple[str, ...], object]] = [((), schema)]
    while pending:
        path, part = pending.pop()
        if len(path) > MAX_DEPTH:
            return "The schema is nested too deeply."
        if isinstance(part, dict):
            problem = _object_problem(part)
            if problem is not None:
                return f"In context=({', '.join(repr(step) for step in path)}), {problem}"
            pending += ((path + steps, inner) for steps, inner in _inside(part))
    return None


def _object_problem(part: dict[str, object]) -> str | None:
    if part.get("type") != "object" and "properties" not in part:
        return None
    if part.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    properties, required = part.get("properties", {}), part.get("required", [])
    if isinstance(properties, dict) and isinstance(required, list):
        missing = [name for name in properties if name not in required]
        if missing:
            return f"'required' must name every property; missing: {missing[0]!r}."
    return None


def _inside(part: dict[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the schemas inside one, with the steps that lead there."""
    for word in ("items",):
        if word in part:
            yield (word,), part[word]
    for word in ("properties", "$defs", "definitions"):
        named = part.get(word)
        if isinstance(named, dict):
            for name, inner in named.items():
                yield (word, name), inner
    for word in ("anyOf", "allOf", "oneOf", "prefixItems"):
        listed = part.get(word)
        if isinstance(listed, list):
            for index, inner in enumerate(listed):
                yield (word, str(index)), inner

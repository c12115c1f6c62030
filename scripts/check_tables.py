"""Tables are total: one that is keyed by a closed vocabulary has a row for every word of it.

A module-level constant in capitals whose annotation is a mapping keyed by a ``Literal`` or an ``Enum`` promises that::

    StopReason = Literal["stop", "length", "tool_use"]
    STOP_REASONS: Mapping[StopReason, str] = {...}  # a missing word is found here

A table that may know only some words is keyed by ``str``, and whoever reads it says what an unknown word becomes.
Likewise every ``EndpointId`` has exactly one endpoint. Whether a vocabulary is the vendor's is for the tests of its
wire module.
"""

from __future__ import annotations

import enum
import pkgutil
import typing
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import penstock
from penstock.core.endpoint import EndpointId
from penstock.endpoints import declared_endpoints


def find(_root: Path) -> Iterator[str]:
    """Yield one line for each word without a row, in the installed package."""
    for info in pkgutil.walk_packages(penstock.__path__, "penstock."):
        if not info.name.endswith(".__main__"):
            yield from missing_rows(import_module(info.name))
    served = [endpoint.id for endpoint in declared_endpoints()]
    yield from unmatched_endpoints(typing.get_args(EndpointId), served)


def missing_rows(module: ModuleType) -> Iterator[str]:
    """Yield one line for each word that a table of this module has no row for."""
    for name, annotation in typing.get_type_hints(module).items():
        table = getattr(module, name, None)
        if name.strip("_").isupper() and isinstance(table, Mapping):
            for word in words_of(annotation):
                if word not in table:
                    yield f"{module.__name__}: {name} has no row for {word!r}"


def words_of(annotation: object) -> list[object]:
    """Return every key that a table annotated like this must have; none unless its key is a closed vocabulary."""
    arguments = typing.get_args(annotation)
    if not arguments:
        return []
    if typing.get_origin(annotation) is typing.Final:
        return words_of(arguments[0])
    key = arguments[0]
    if isinstance(key, enum.EnumType):
        return list(key)
    return list(typing.get_args(key)) if typing.get_origin(key) is typing.Literal else []


def unmatched_endpoints(named: Iterable[str], served: Iterable[str]) -> Iterator[str]:
    """Yield one line for each endpoint id without an endpoint, and for each that is served twice."""
    served = list(served)
    for name in named:
        if name not in served:
            yield f"penstock.endpoints: no endpoint is {name!r}"
        if served.count(name) > 1:
            yield f"penstock.endpoints: {name!r} is served twice"

"""What Penstock makes of each field of a manifest, said beside the field.

A field without a remark has an effect. The remarks are what ``penstock check`` says of a manifest that uses the field
and what ``docs/manifests.md`` says of the field itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from penstock.config.yaml_tree import KeyPath

Standing = Literal["unsupported", "not enforced yet", "no meaning here", "unknown"]

_WORDS: Mapping[Standing, str] = MappingProxyType(
    {
        "unsupported": "is not supported",
        "not enforced yet": "is not enforced yet",
        "no meaning here": "has no meaning here",
        "unknown": "is not known here and has no effect",
    }
)


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a field does less than its reader expects."""

    standing: Standing
    why: str = ""

    def __str__(self) -> str:
        words = _WORDS[self.standing]
        return f"{words}: {self.why}" if self.why else words


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field does, for the reference."""

    text: str


UNKNOWN = Remark("unknown")
"""On a field of somebody else's resource that is not declared here."""


def unsupported(why: str = "") -> Remark:
    """Remark on a field that is checked, and then has no effect."""
    return Remark("unsupported", why)


def later(why: str = "") -> Remark:
    """Remark on a limit that is checked, and not yet held."""
    return Remark("not enforced yet", why)


def needless(why: str = "") -> Remark:
    """Remark on a field that speaks of what one process does not have, such as containers."""
    return Remark("no meaning here", why)


def remark_of(field: FieldInfo) -> Remark | None:
    """Return the remark on a field, if there is one."""
    return next((each for each in field.metadata if isinstance(each, Remark)), None)


def meaning_of(field: FieldInfo) -> str:
    """Return what a field does, or nothing where its parts say it."""
    return next((each.text for each in field.metadata if isinstance(each, Meaning)), "")


def part_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return which mapping a field holds, alone or in a list."""
    waiting: list[object] = [field.annotation]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        waiting += get_args(kind)
    return None


def fields_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the names of the fields that the mapping at ``path`` may have; none where there is no such mapping."""
    part: type[BaseModel] | None = model
    for key in path:
        if isinstance(key, str) and part is not None:
            field = next((each for name, each in part.model_fields.items() if (each.alias or name) == key), None)
            part = part_of(field) if field else None
    return [field.alias or name for name, field in part.model_fields.items()] if part else []


def find_remarks(part: BaseModel, path: KeyPath) -> Iterator[tuple[KeyPath, Remark]]:
    """Yield where a manifest uses fields that have no effect, and the remark on each."""
    for name, field in type(part).model_fields.items():
        if name not in part.model_fields_set:
            continue
        here = (*path, field.alias or name)
        remark = remark_of(field)
        if remark is not None:
            yield here, remark
        else:
            yield from _inside(getattr(part, name), here)
    for name in part.model_extra or {}:
        yield (*path, name), UNKNOWN


def _inside(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, Remark]]:
    if isinstance(value, BaseModel):
        yield from find_remarks(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _inside(item, (*path, index))

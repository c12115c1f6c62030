"""What every mapping of a native configuration file has in common.

Keys that are not fields are errors, an empty value is an empty mapping, and a short form becomes the long one before
anything is checked. Which mappings there are is in :mod:`penstock.config.document`.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

T = TypeVar("T")


def no_items() -> list[T]:
    """Make the default of a list. Of ``list`` itself pydantic reads the signature first, which takes milliseconds."""
    return []


def split_target(value: object) -> object:
    """Return the mapping that ``backend`` or ``backend/model`` stands for; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    backend, slash, model = value.partition("/")
    return {"backend": backend, "model": model} if slash else {"backend": backend}


class Section(BaseModel):
    """A mapping of the file. Keys that are not fields are errors; an empty value is an empty mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)
    has_short_form: ClassVar[bool] = False
    """Whether a text may stand instead of the mapping."""

    @classmethod
    def expand(cls, value: object) -> object:
        """Turn a short form into the mapping that it stands for."""
        return value

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, value: object) -> object:
        return {} if value is None else cls.expand(value)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add what may stand instead of the mapping: the short form, and nothing where nothing is required.

        As further types of one schema, not as alternatives: a mistake is then reported where it is.
        """
        schema = handler(core_schema)
        is_optional = not any(field.is_required() for field in cls.model_fields.values())
        schema["type"] = ["object", *(["string"] if cls.has_short_form else []), *(["null"] if is_optional else [])]
        return schema

"""Members of a request's JSON objects, read with their types; a wrong one is refused as OpenAI does.

The refusal names the member by its path (``messages[0].role``) and has the vendor's code. ``null`` counts as absent.
What the members mean is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

import msgspec

from penstock.simulator.nesting import is_deeper_than
from penstock.simulator.openai_errors import VendorError, invalid

MAX_BODY_DEPTH = 500
"""Objects and arrays inside one another in a request."""
_TOO_DEEP = f"it is nested more than {MAX_BODY_DEPTH} levels deep"
_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}


class Fields:
    """One JSON object of a request, and where it stands."""

    def __init__(self, members: dict[str, object], path: str = "") -> None:
        """Wrap decoded members; ``path`` is the object's own place, empty for the whole body."""
        self.members = members
        self.path = path

    def at(self, name: str) -> str:
        """Return the path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Say whether a member is there and is not null."""
        return self.members.get(name) is not None

    def refuse_missing(self, name: str) -> NoReturn:
        """Refuse a request without a member that must be there."""
        place = self.at(name)
        message = f"Missing required parameter: '{place}'."
        raise invalid(message, param=place, code="missing_required_parameter")

    def refuse_type(self, name: str, expected: str) -> NoReturn:
        """Refuse a member of another type."""
        refuse_type(self.at(name), expected, self.members.get(name))

    def refuse_value(self, name: str, allowed: Sequence[str]) -> NoReturn:
        """Refuse a value that is not among those allowed."""
        listed = ", ".join(f"'{value}'" for value in allowed)
        place = self.at(name)
        message = f"Invalid value for '{place}': {str(self.members.get(name))[:100]!r}. Supported values are: {listed}."
        raise invalid(message, param=place, code="invalid_value")

    def text(self, name: str) -> str | None:
        """Return a string, or None when it is absent."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, str):
            self.refuse_type(name, "a string")
        return value

    def needed_text(self, name: str) -> str:
        """Return a string that must be there."""
        value = self.text(name)
        if value is None:
            self.refuse_missing(name)
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """Return one of a few words, or None when it is absent."""
        value = self.text(name)
        if value is not None and value not in allowed:
            self.refuse_value(name, allowed)
        return value

    def needed_choice(self, name: str, allowed: Sequence[str]) -> str:
        """Return one of a few words, which must be there."""
        value = self.choice(name, allowed)
        if value is None:
            self.refuse_missing(name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        value = self.members.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse_type(name, "a boolean")
        return value

    def integer(self, name: str, least: int | None = None, most: int | None = None) -> int | None:
        """Return an integer within bounds, or None when it is absent."""
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse_type(name, "an integer")
        self._check_bounds(name, value, least, most, "integer")
        return value

    def decimal(self, name: str, least: float, most: float) -> float | None:
        """Return a number within bounds, or None when it is absent."""
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse_type(name, "a decimal")
        self._check_bounds(name, value, least, most, "decimal")
        return value

    def _check_bounds(self, name: str, value: float, least: float | None, most: float | None, kind: str) -> None:
        place = self.at(name)
        if least is not None and value < least:
            message = f"Invalid '{place}': {value} is below the minimum value of {least}."
            raise invalid(message, param=place, code=f"{kind}_below_min_value")
        if most is not None and value > most:
            message = f"Invalid '{place}': {value} is above the maximum value of {most}."
            raise invalid(message, param=place, code=f"{kind}_above_max_value")

    def fields(self, name: str) -> Fields | None:
        """Return an object, or None when it is absent."""
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse_type(name, "an object")
        return Fields(value, self.at(name))

    def needed_fields(self, name: str) -> Fields:
        """Return an object that must be there."""
        found = self.fields(name)
        if found is None:
            self.refuse_missing(name)
        return found

    def array(self, name: str, *, most: int | None = None) -> list[object] | None:
        """Return an array that is not empty, or None when it is absent."""
        value = self.members.get(name)
        if value is None:
            return None
        place = self.at(name)
        if not isinstance(value, list):
            self.refuse_type(name, "an array")
        if not value:
            message = f"Invalid '{place}': the array is empty."
            raise invalid(message, param=place, code="empty_array")
        if most is not None and len(value) > most:
            message = f"Invalid '{place}': the array has {len(value)} items; at most {most} are allowed."
            raise invalid(message, param=place, code="array_above_max_length")
        return value

    def objects(self, name: str, *, most: int | None = None) -> Iterator[Fields]:
        """Yield the objects of an array; nothing when it is absent."""
        for index, item in enumerate(self.array(name, most=most) or []):
            place = f"{self.at(name)}[{index}]"
            if not isinstance(item, dict):
                refuse_type(place, "an object", item)
            yield Fields(item, place)


def refuse_type(place: str, expected: str, found: object) -> NoReturn:
    """Refuse a value of another type."""
    kind = _KINDS.get(type(found), "something else")
    message = f"Invalid type for '{place}': expected {expected}, but got {kind} instead."
    raise invalid(message, param=place, code="invalid_type")


def read_body(body: bytes) -> Fields:
    """Return the members of a request body.

    Raises:
        VendorError: it is not a JSON object.
    """
    try:
        decoded = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(_TOO_DEEP if isinstance(error, RecursionError) else str(error)[:200]) from error
    if is_deeper_than(MAX_BODY_DEPTH, decoded):
        raise _unreadable(_TOO_DEEP)
    if not isinstance(decoded, dict):
        message = (
            f"The body of your request must be a JSON object, but is {_KINDS.get(type(decoded), 'something else')}."
        )
        raise VendorError(400, message)
    return Fields(decoded)


def _unreadable(why: str) -> VendorError:
    message = f"We could not parse the JSON body of your request: {why}. It must be one JSON object."
    return VendorError(400, message)

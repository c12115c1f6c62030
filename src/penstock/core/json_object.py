"""One JSON object as bytes: read the members that matter, change a few, keep every other byte.

A relayed request must reach the provider as the caller wrote it: unknown fields, key order, white space and number
spellings included. So the body is decoded once, shallowly (msgspec checks its structure in one pass and hands out
each member's bytes), and a change is spliced into the original bytes.

A key that stands twice is the caller's way (or an attacker's) to make two readers see two values. Members are
therefore kept as a list, never as a dict that forgets; :meth:`JsonObject.raw` refuses a name that stands twice.

msgspec does not check UTF-8 or number ranges of values it skips; whoever acts on a value decodes that value. Nested
paths are not this module's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar, final

import msgspec

from penstock.core.errors import InvalidRequest
from penstock.core.loss import Loss, LossKind

T = TypeVar("T")


class _Key:
    """A member name that is equal only to itself, so that a dict keeps both of two equal names."""

    __slots__ = ("name",)

    def __init__(self, _kind: type, name: str) -> None:
        """Take what msgspec hands to a decoding hook."""
        self.name = name


TEXT: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
FLAG: msgspec.json.Decoder[bool | None] = msgspec.json.Decoder(bool | None)

_decoder = msgspec.json.Decoder(dict[_Key, msgspec.Raw], dec_hook=_Key)
_WHITESPACE = b" \t\n\r"
_NAME = re.compile(rb'[ \t\n\r,{]*("(?:[^"\\]|\\.)*")[ \t\n\r]*:[ \t\n\r]*', re.DOTALL)
VIEWED_BYTES = 64 * 1024
"""From this size on, a part of a body is viewed and not copied."""
_POSITION = re.compile(r"\(byte (\d+)\)")
_HALF_PAIR = re.compile(
    rb"(?<!\\)(?:\\\\)*(\\u[Dd][89ABab][0-9A-Fa-f]{2})(?!\\?\Z|\\u(?:[Dd](?:[C-Fc-f][0-9A-Fa-f]{0,2})?)?\Z)"
)
"""The first half of a surrogate pair whose other half neither follows nor may have been cut off."""
_PAIR_BYTES = 12


@final
class JsonObject:
    """A parsed body: the caller's bytes and the members found in them, in order."""

    __slots__ = ("_members", "_repeats", "_values", "source")

    def __init__(self, source: bytes) -> None:
        """Read ``source``.

        Raises:
            InvalidRequest: not JSON (``code="invalid_json"``, with the byte position), or not an object.
        """
        self.source = source
        try:
            members = _decoder.decode(source)
        except msgspec.ValidationError as error:
            msg = "The request body must be a JSON object."
            raise InvalidRequest(msg, code="invalid_json") from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise InvalidRequest(_describe(source, error), code="invalid_json") from error
        self._members = members
        self._values: dict[str, msgspec.Raw] = {}
        for key, raw in members.items():
            self._values[key.name] = raw
        self._repeats = len(self._values) != len(members)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        """Return each name once, in the order of the body."""
        return iter(self._values)

    def names(self) -> list[str]:
        """Return the member names in the order of the body, repeated ones repeated."""
        return [key.name for key in self._members]

    @property
    def repeated(self) -> int:
        """How many members have the name of an earlier one."""
        return len(self._members) - len(self._values)

    def require_utf8(self) -> None:
        """Refuse a body that is not UTF-8 throughout, for a reader that takes values out of it.

        Raises:
            InvalidRequest: it is not (``code="invalid_json"``, with the byte position).
        """
        if self.source.isascii():
            return
        try:
            self.source.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(_describe(self.source, error), code="invalid_json") from error

    def _find(self, name: str) -> msgspec.Raw | None:
        if self._repeats and self.names().count(name) > 1:
            msg = f'The field "{name}" stands twice in the request body.'
            raise InvalidRequest(msg, code="duplicate_field", param=name)
        return self._values.get(name)

    def raw(self, name: str) -> bytes | None:
        """Return the bytes of a member's value, or None when it is absent.

        Raises:
            InvalidRequest: the name stands twice (``code="duplicate_field"``).
        """
        found = self._find(name)
        return None if found is None else bytes(found)

    def read(self, name: str, decoder: msgspec.json.Decoder[T | None]) -> T | None:
        """Decode a member (:data:`TEXT`, :data:`FLAG` or another decoder of "this or null"); None when it is absent.

        Raises:
            InvalidRequest: another type (``code="invalid_type"``) or a name that stands twice.
        """
        found = self._find(name)
        if found is None:
            return None
        try:
            return decoder.decode(found)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            msg = f'The field "{name}" is not valid: {error}.'
            raise InvalidRequest(msg, code="invalid_type", param=name) from error

    def spans(self) -> Iterator[tuple[str, int, int, int]]:
        """Yield ``(name, start of the name, start of the value, end of the value)`` for each member, in order."""
        position = 0
        for key, raw in self._members.items():
            name_at, value_at = self._find_name(key.name, position)
            position = value_at + len(memoryview(raw))
            yield key.name, name_at, value_at, position

    def span(self, name: str) -> tuple[int, int]:
        """Return start and end of the value of a member that is there; of the first, where the name is repeated."""
        position = 0
        for key, raw in self._members.items():
            value_at = self._find_name(key.name, position)[1]
            position = value_at + len(memoryview(raw))
            if key.name == name:
                return value_at, position
        raise KeyError(name)

    def _find_name(self, name: str, position: int) -> tuple[int, int]:
        """Return where the name of the next member from ``position`` on begins, and where its value does."""
        usual = f'"{name}":'.encode("utf-8", "replace")
        at = position + 1  # behind a brace or a comma, in most bodies
        value_at = at + len(usual)
        if self.source.startswith(usual, at) and self.source[value_at] not in _WHITESPACE:
            return at, value_at
        match = _NAME.match(self.source, position)
        if match is None:  # pragma: no cover - msgspec has accepted the object, so the name is there
            msg = f"member {name!r} not found at byte {position}"
            raise AssertionError(msg)
        return match.start(1), match.end()


@final
class JsonEdit:
    """Changes to one :class:`JsonObject`, collected for one attempt; ``render`` applies them to the bytes."""

    __slots__ = ("_changes", "losses", "object")

    def __init__(self, source: JsonObject) -> None:
        """Start with no change."""
        self.object = source
        self._changes: dict[str, bytes | None] = {}
        self.losses: list[Loss] = []

    def raw(self, name: str) -> bytes | None:
        """Return a member's bytes as they stand now, earlier changes included."""
        if name in self._changes:
            return self._changes[name]
        return self.object.raw(name)

    def set(self, name: str, value: bytes) -> None:
        """Give a member these JSON bytes; a new member is appended at the end."""
        self._changes[name] = value

    def remove(self, name: str) -> None:
        """Take a member out, without reporting it."""
        self._changes[name] = None

    def drop(self, name: str, why: str) -> None:
        """Take a member out and report it as lost, if it is there and not null."""
        if self.raw(name) not in {None, b"null"}:
            self.report(name, "dropped", why)
        self.remove(name)

    def rename(self, name: str, new_name: str, why: str) -> None:
        """Move a member's value, if it is there, to another name for the same; report it if a value there wins."""
        value = self.raw(name)
        if value is None:
            return
        if value != b"null" and self.raw(new_name) in {None, b"null"}:
            self.set(new_name, value)
        elif value != b"null":
            self.report(name, "dropped", why)
        self.remove(name)

    def report(self, name: str, kind: LossKind, why: str) -> None:
        """Record a loss at ``$.name``."""
        self.losses.append(Loss(f"$.{name}", kind, why))

    def render(self) -> bytes:
        """Return the body with the changes applied; the untouched source when there are none."""
        pieces = self.pieces()
        return self.object.source if pieces[0] is self.object.source else b"".join(pieces)

    def pieces(self) -> list[bytes | memoryview]:
        """Return what :meth:`render` joins; of a large body, views of the source instead of copies."""
        source = self.object.source
        if not self._changes:
            return [source]
        if len(self._changes) == 1 and not self.object.repeated:
            replaced = self._replace_one(*next(iter(self._changes.items())))
            if replaced is not None:
                return replaced
        changes = {name: value for name, value in self._changes.items() if name in self.object}
        added = {name: value for name, value in self._changes.items() if value is not None and name not in changes}
        if not changes and not added:
            return [source]
        view = source if len(source) < VIEWED_BYTES else memoryview(source)
        pieces: list[bytes | memoryview] = []
        copied_to = 0  # source up to here is in ``pieces``, or was cut out
        kept_to = 0  # end of the last member that stays
        removing = False
        pending = len(changes) + self.object.repeated
        for name, name_at, value_at, end in self.object.spans():
            if removing and not kept_to:
                copied_to = name_at  # the first members went: so does the separator behind them
            if not pending and not (removing and not kept_to):
                kept_to = end
                break
            removing = name in changes and changes[name] is None
            value = changes.get(name)
            if value is not None:
                pieces += (view[copied_to:value_at], value)
                copied_to = kept_to = end
            elif removing:
                upto = kept_to or name_at
                pieces.append(view[copied_to:upto])
                copied_to = end
            else:
                kept_to = end
            pending -= name in changes
        if added:
            at = source.rindex(b"}")
            if copied_to < at:
                pieces.append(view[copied_to:at])
            text = b",".join(msgspec.json.encode(name) + b":" + value for name, value in added.items())
            pieces.append(b"," + text if kept_to else text)
            copied_to = at
        pieces.append(view[copied_to:])
        return pieces

    def _replace_one(self, name: str, value: bytes | None) -> list[bytes | memoryview] | None:
        """Return the pieces when one member gets another value, the usual change; None when it is another change."""
        if value is None or name not in self.object:
            return None
        source = self.object.source
        view = source if len(source) < VIEWED_BYTES else memoryview(source)
        begin, end = self.object.span(name)
        return [view[:begin], value, view[end:]]


def _describe(source: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The request body is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return f"The request body is not valid UTF-8 (byte {_first_bad_byte(source)})."
    if not source.strip():
        return "The request body is empty; a JSON object is expected."
    match = _POSITION.search(str(error))
    text = _POSITION.sub("", str(error)).replace("JSON is malformed: ", "").strip().rstrip(":")
    half = _HALF_PAIR.search(source, max(0, len(source) - _PAIR_BYTES)) if match is None else None
    if half is not None:  # near the end msgspec says "truncated" of it
        text, at = "invalid utf-16 surrogate pair", half.start(1)
    elif match is None:
        return f"The request body is not valid JSON: {text} (at its end, byte {len(source)})."
    else:
        at = int(match[1]) - text.startswith("trailing characters")  # of which msgspec has taken the first
    line = source.count(b"\n", 0, at) + 1
    column = at - (source.rfind(b"\n", 0, at) + 1) + 1
    return f"The request body is not valid JSON: {text} (byte {at}, line {line}, column {column})."


def _first_bad_byte(source: bytes) -> int:
    """Return where ``source`` stops being UTF-8; msgspec only knows the place within a name."""
    try:
        source.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(source)

"""Members that a closed object does not document: found, noted by their paths, and taken out.

Only used after a typed decode has refused a body because of such a member; so it may take its time. What is known is
read off the msgspec types themselves. Values that nobody looks into (schemas, arguments) keep their bytes.
"""

from __future__ import annotations

import msgspec
from msgspec import inspect

_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_text: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)


def without_unknown(raw: bytes, kind: type[msgspec.Struct], path: str, found: list[str]) -> bytes:
    """Return JSON of a ``kind`` without the members its closed objects do not know; add their paths to ``found``.

    ``path`` is where ``raw`` stands, empty for the body itself. A null asks for nothing, and is not noted.

    Raises:
        msgspec.DecodeError: not JSON.
    """
    return _prune(raw, inspect.type_info(kind), path, found)


def _prune(raw: bytes, kind: inspect.Type, path: str, found: list[str]) -> bytes:
    first = raw.lstrip()[:1]
    if isinstance(kind, inspect.UnionType):
        return _prune_union(raw, kind, path, found)
    if isinstance(kind, inspect.ListType) and first == b"[":
        items = [
            _prune(bytes(item), kind.item_type, f"{path}[{n}]", found) for n, item in enumerate(_items.decode(raw))
        ]
        return b"[" + b",".join(items) + b"]"
    if isinstance(kind, inspect.StructType) and first == b"{":
        return _prune_object(raw, kind, path, found)
    return raw


def _prune_object(raw: bytes, kind: inspect.StructType, path: str, found: list[str]) -> bytes:
    fields = {field.encode_name: field.type for field in kind.fields}
    kept = []
    for name, value in _members.decode(raw).items():
        where = f"{path}.{name}" if path else name
        if name in fields:
            kept.append(msgspec.json.encode(name) + b":" + _prune(bytes(value), fields[name], where, found))
        elif name == kind.tag_field or not kind.forbid_unknown_fields:
            kept.append(msgspec.json.encode(name) + b":" + bytes(value))
        elif bytes(value) != b"null":
            found.append(where)
    return b"{" + b",".join(kept) + b"}"


def _prune_union(raw: bytes, kind: inspect.UnionType, path: str, found: list[str]) -> bytes:
    first = raw.lstrip()[:1]
    for choice in kind.types:
        if isinstance(choice, inspect.ListType) and first == b"[":
            return _prune(raw, choice, path, found)
        if isinstance(choice, inspect.StructType) and first == b"{" and _has_tag(raw, choice):
            return _prune_object(raw, choice, path, found)
    return raw


def _has_tag(raw: bytes, kind: inspect.StructType) -> bool:
    if kind.tag_field is None:
        return True
    tag = _members.decode(raw).get(kind.tag_field)
    return tag is not None and bytes(tag)[:1] == b'"' and _text.decode(tag) == kind.tag

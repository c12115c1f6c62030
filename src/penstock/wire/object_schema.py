"""The schema of a tool's arguments as Anthropic and AWS want it: that of an object, which says so.

OpenAI lets the type, or the whole schema, be left out. What else a provider takes of a schema is its format's business.
"""

from __future__ import annotations

import msgspec

from penstock.core.errors import InvalidRequest

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def object_schema(schema: msgspec.Raw, at: str, *, empty: msgspec.Raw) -> msgspec.Raw:
    """Return the schema with ``"type": "object"``, or ``empty`` where it says nothing; ``at`` is the caller's path.

    Raises:
        InvalidRequest: it is no JSON object, or the schema of something else.
    """
    text = bytes(schema).strip()
    if text in {b"", b"null", b"{}"}:
        return empty
    try:
        kind = _decoder.decode(text).get("type")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = "The schema of a tool's arguments must be a JSON object."
        raise InvalidRequest(msg, code="invalid_schema", param=at) from error
    if kind is None:
        rest = text[1:].lstrip()
        return msgspec.Raw(b'{"type":"object"' + (b"}" if rest == b"}" else b"," + rest))
    if bytes(kind) != b'"object"':
        msg = 'The schema must describe an object: "type" must be "object".'
        raise InvalidRequest(msg, code="invalid_schema", param=at)
    return msgspec.Raw(text)

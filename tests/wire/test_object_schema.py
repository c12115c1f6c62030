"""The schema of a tool's arguments is that of an object."""

from __future__ import annotations

import msgspec
import pytest

from penstock.core.errors import InvalidRequest
from penstock.wire.object_schema import object_schema

EMPTY = msgspec.Raw(b'{"type":"object","properties":{}}')


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (b"", bytes(EMPTY)),
        (b" null ", bytes(EMPTY)),
        (b"{}", bytes(EMPTY)),
        (b'{ "b":1.50, "a":2}', b'{"type":"object","b":1.50, "a":2}'),
        (b'{"a":1,"type" : "object"}', b'{"a":1,"type" : "object"}'),
        (b"{ }", b'{"type":"object"}'),
    ],
)
def test_the_type_is_said_and_the_rest_keeps_its_bytes(schema: bytes, written: bytes) -> None:
    assert bytes(object_schema(msgspec.Raw(schema), "tools[0]", empty=EMPTY)) == written


@pytest.mark.parametrize("schema", [b"[]", b"true", b'{"type":"string"}', b'{"type":["object"]}', b"{", b'"x"'])
def test_what_describes_no_object_is_refused_where_it_stands(schema: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        object_schema(msgspec.Raw(schema), "tools[0].function", empty=EMPTY)
    assert (caught.value.code, caught.value.param) == ("invalid_schema", "tools[0].function")

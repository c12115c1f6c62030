from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator.openai_errors import VendorError
from penstock.simulator.request_fields import MAX_BODY_DEPTH, Fields, read_body

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refused(read: Callable[[], object]) -> tuple[str | None, str | None]:
    """Return code and place of the refusal."""
    with pytest.raises(VendorError) as found:
        read()
    assert found.value.status == 400
    return found.value.code, found.value.param


@given(st.dictionaries(st.text(), VALUES))
def test_a_body_is_read_as_the_standard_library_reads_it(members: dict[str, object]) -> None:
    assert read_body(json.dumps(members).encode()).members == members


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b"\xff", b"{} {}", b"[]", b"null", b"1", b'"text"', b'{"a": 1e999, "a":}']
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refused(lambda: read_body(body)) == (None, None)


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_nesting_is_bounded_by_a_number_whatever_the_interpreter_bears() -> None:
    assert "a" in read_body(nested(MAX_BODY_DEPTH)).members
    for levels in (MAX_BODY_DEPTH + 1, 100_000):
        with pytest.raises(VendorError, match=f"more than {MAX_BODY_DEPTH} levels"):
            read_body(nested(levels))


READERS: dict[str, Callable[[Fields, str], object]] = {
    "text": Fields.text,
    "needed_text": Fields.needed_text,
    "choice": lambda fields, name: fields.choice(name, ("a", "b")),
    "flag": Fields.flag,
    "integer": Fields.integer,
    "decimal": lambda fields, name: fields.decimal(name, 0, 2),
    "fields": Fields.fields,
    "array": Fields.array,
    "objects": lambda fields, name: list(fields.objects(name)),
}
TAKEN = {
    "text": ("x",),
    "needed_text": ("x",),
    "choice": ("a",),
    "flag": (True,),
    "integer": (1,),
    "decimal": (1, 1.5),
    "fields": ({},),
    "array": ([1],),
    "objects": ([{}],),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", ["x", "a", True, 1, 1.5, [1], [{}], {}])
def test_each_reader_takes_its_own_type_and_names_the_place_of_any_other(reader: str, value: object) -> None:
    fields = Fields({"it": value}, "messages[0]")
    suits = any(type(value) is type(one) for one in TAKEN[reader])
    if suits and reader == "choice" and value != "a":
        assert refused(lambda: READERS[reader](fields, "it")) == ("invalid_value", "messages[0].it")
    elif suits and reader == "objects" and value != [{}]:
        assert refused(lambda: READERS[reader](fields, "it")) == ("invalid_type", "messages[0].it[0]")
    elif suits:
        READERS[reader](fields, "it")
    else:
        assert refused(lambda: READERS[reader](fields, "it")) == ("invalid_type", "messages[0].it")


@pytest.mark.parametrize("members", [{}, {"it": None}])
def test_null_is_the_same_as_absent(members: dict[str, object]) -> None:
    fields = Fields(members)
    assert not fields.has("it")
    assert (fields.text("it"), fields.flag("it", default=True), fields.integer("it"), list(fields.objects("it"))) == (
        None,
        True,
        None,
        [],
    )
    assert refused(lambda: fields.needed_text("it")) == ("missing_required_parameter", "it")
    assert refused(lambda: fields.needed_fields("it")) == ("missing_required_parameter", "it")
    assert refused(lambda: fields.needed_choice("it", ("a",))) == ("missing_required_parameter", "it")


@given(st.integers(), st.integers(-5, 5), st.integers(0, 5))
def test_integers_are_taken_within_their_bounds_and_nowhere_else(value: int, least: int, more: int) -> None:
    fields = Fields({"n": value})
    if least <= value <= least + more:
        assert fields.integer("n", least, least + more) == value
    else:
        code, place = refused(lambda: fields.integer("n", least, least + more))
        assert (code, place) == (f"integer_{'below_min' if value < least else 'above_max'}_value", "n")


def test_arrays_are_refused_when_they_are_empty_or_too_long() -> None:
    assert refused(lambda: Fields({"a": []}).array("a")) == ("empty_array", "a")
    assert refused(lambda: Fields({"a": [1, 2]}).array("a", most=1)) == ("array_above_max_length", "a")
    assert Fields({"a": [1, 2]}).array("a", most=2) == [1, 2]


def test_objects_know_their_places() -> None:
    inner = [one.needed_fields("b").at("c") for one in Fields({"a": [{"b": {}}, {"b": {}}]}).objects("a")]
    assert inner == ["a[0].b.c", "a[1].b.c"]

"""Items of an array are changed or taken out; the other bytes stay."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.json_items import MOST_COMMAS, MOST_ITEMS, change_items

SPACED = b'[ {"a": 1.50} ,\n7\t, "x, 7" , {"a": 1.50} ]'


def test_an_item_gets_other_bytes_and_what_is_between_stays() -> None:
    changed = change_items(SPACED, lambda number, item: b"true" if number in {1, 3} else item)
    assert changed == b'[ {"a": 1.50} ,\ntrue\t, "x, 7" , true ]'


@pytest.mark.parametrize(
    ("out", "left"),
    [
        ({0}, b'[ 7\t, "x, 7" , {"a": 1.50} ]'),
        ({1, 2}, b'[ {"a": 1.50} , {"a": 1.50} ]'),
        ({3}, b'[ {"a": 1.50} ,\n7\t, "x, 7" ]'),
        ({0, 1, 2, 3}, b"[]"),
    ],
)
def test_an_item_that_goes_takes_its_comma_along(out: set[int], left: bytes) -> None:
    assert change_items(SPACED, lambda number, item: None if number in out else item) == left


@pytest.mark.parametrize("array", [None, b"7", b'{"a":[1]}', b"[1,", b"[" * 100_000, b"[]", b" [ 1 ] "])
def test_what_is_no_array_and_what_stays_comes_back_as_it_is(array: bytes | None) -> None:
    assert change_items(array, lambda _number, item: item) is array


def test_more_items_than_any_conversation_has_are_not_looked_at() -> None:
    for most in (MOST_ITEMS, MOST_COMMAS):
        array = b"[" + b"1," * most + b"1]"
        assert change_items(array, lambda _number, _item: b"2") is array


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(JSON, st.sampled_from(["keep", "change", "out"])), max_size=6), st.sampled_from([None, 1]))
def test_items_become_what_they_are_made(items: list[tuple[object, str]], indent: int | None) -> None:
    array = json.dumps([item for item, _ in items], indent=indent).encode()
    made = {"keep": None, "change": b'"changed"', "out": None}

    def change(number: int, item: bytes) -> bytes | None:
        fate = items[number][1]
        return item if fate == "keep" else made[fate]

    expected = ["changed" if fate == "change" else item for item, fate in items if fate != "out"]
    assert json.loads(change_items(array, change) or b"") == expected

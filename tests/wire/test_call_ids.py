"""Ids of calls: a result finds its call, and no two calls have one id."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.call_ids import CallIds, CallsById


def plainly(given_id: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in given_id)[:8] or "call"


def test_a_result_is_of_the_nearest_call_before_it() -> None:
    calls = CallsById[str]()
    assert calls.answered_by("a") is None
    calls.add("a", "first")
    calls.end_turn()
    assert calls.answered_by("a") == "first"
    calls.add("a", "second")
    calls.end_turn()
    assert [calls.answered_by("a"), calls.answered_by("a")] == ["second", "second"]


def test_results_of_calls_of_one_turn_with_one_id_are_in_their_order() -> None:
    calls = CallsById[str]()
    for noted in ("first", "second", "third"):
        calls.add("a", noted)
    calls.end_turn()
    assert [calls.answered_by("a") for _ in range(4)] == ["first", "second", "third", "third"]


def test_calls_that_got_no_result_do_not_take_that_of_a_later_turn() -> None:
    calls = CallsById[str]()
    calls.add("a", "lost")
    calls.add("a", "lost too")
    calls.end_turn()
    calls.add("a", "asked")
    calls.end_turn()
    assert calls.answered_by("a") == "asked"


@given(st.lists(st.lists(st.sampled_from(["a", "b", "a_2", "a:1", "a?1", "x" * 20, ""]), max_size=5), max_size=8))
def test_ids_are_unique_short_and_the_same_for_a_call_and_its_result(turns: list[list[str]]) -> None:
    ids = CallIds(plainly, 8)
    written: list[str] = []
    for turn in turns:
        made = [ids.of_call(given_id) for given_id in turn]
        ids.end_turn()
        assert [ids.of_result(given_id) for given_id in turn] == made
        written += made
    assert len(set(written)) == len(written)
    assert all(0 < len(each) <= 8 for each in written)


@pytest.mark.parametrize("name", [lambda _: "call", lambda number: f"call_{number}"])
def test_ids_that_are_unique_and_well_spelt_stay_as_they_are(name: Callable[[int], str]) -> None:
    ids = CallIds(str)
    first = name(1)
    assert (ids.of_call(first), ids.of_result(first)) == (first, first)


def test_many_calls_with_one_id_take_no_more_than_one_step_each() -> None:
    spelt: list[str] = []

    class Counted(str):
        """Text that is looked up, and counts it."""

        __slots__ = ()

        def __hash__(self) -> int:
            spelt.append(self)
            return super().__hash__()

    ids = CallIds(Counted)
    for _ in range(500):
        ids.of_call("a")
    assert len(spelt) < 500 * 6


def test_a_result_whose_call_is_not_written_keeps_an_id_of_its_own() -> None:
    ids = CallIds(str)
    assert ids.of_result("a") == "a"

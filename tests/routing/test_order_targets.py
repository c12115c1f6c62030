"""The order in which targets are tried."""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from penstock.routing.order_targets import order_targets


class Target(NamedTuple):
    name: str
    weight: int = 1
    priority: int = 0


TARGETS = st.lists(
    st.builds(Target, name=st.uuids().map(str), weight=st.integers(0, 100), priority=st.integers(0, 3)),
    min_size=2,
    max_size=8,
    unique_by=lambda target: target.name,
)


def test_a_lower_priority_number_comes_first() -> None:
    targets = [Target("spare", priority=2), Target("main"), Target("second", priority=1)]
    assert [target.name for target in order_targets(targets, random.random)] == ["main", "second", "spare"]


def test_the_only_target_is_tried_whatever_its_weight() -> None:
    assert order_targets([Target("only", weight=0)], random.random) == [Target("only", weight=0)]


@given(TARGETS, st.randoms(use_true_random=False))
def test_every_target_with_a_weight_is_tried_once_by_priority(targets: list[Target], chance: random.Random) -> None:
    ordered = order_targets(targets, chance.random)
    assert sorted(ordered) == sorted(target for target in targets if target.weight)
    assert [target.priority for target in ordered] == sorted(target.priority for target in ordered)


def test_equals_share_the_first_try_by_weight() -> None:
    targets = [Target("three", 3), Target("one", 1), Target("never", 0)]
    chance = random.Random(7)
    first = Counter(order_targets(targets, chance.random)[0].name for _ in range(4000))
    assert first.keys() == {"three", "one"}
    assert abs(first["three"] / 4000 - 0.75) < 0.03


@given(TARGETS, st.floats(0, 1, exclude_max=True))
def test_any_chance_draws_a_target(targets: list[Target], point: float) -> None:
    ordered = order_targets(targets, lambda: point)
    assert {target.name for target in ordered} == {target.name for target in targets if target.weight}


@given(TARGETS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_each_priority_has_its_number_of_tries(targets: list[Target], tries: int, chance: random.Random) -> None:
    ordered = order_targets(targets, chance.random, tries)
    priorities = sorted({target.priority for target in targets if target.weight})
    assert [target.priority for target in ordered] == [each for each in priorities for _ in range(tries)]
    for priority in priorities:
        here = [target.name for target in ordered if target.priority == priority]
        equals = {target.name for target in targets if target.priority == priority and target.weight}
        assert len(set(here)) == min(tries, len(equals))  # none is tried again before the others


def test_the_only_target_has_its_number_of_tries() -> None:
    assert order_targets([Target("only", weight=0)], random.random, 3) == [Target("only", weight=0)] * 3

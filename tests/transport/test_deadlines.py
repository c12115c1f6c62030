"""Deadlines of many objects, kept by one timer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from penstock.transport.deadlines import NEVER, SWEEP_INTERVAL_S, Deadlines
from tests.transport.clock_loop import ClockLoop


class Item:
    """Something with a deadline that notes when it expired."""

    def __init__(self, loop: ClockLoop, deadline: float, act: Callable[[], None] = lambda: None) -> None:
        self.deadline = deadline
        self.expired: list[float] = []
        self._loop = loop
        self._act = act

    def expire(self) -> None:
        self.expired.append(self._loop.now)
        self.deadline = NEVER
        self._act()


@pytest.fixture
def loop() -> Iterator[ClockLoop]:
    loop = ClockLoop()
    yield loop
    loop.close()


def test_a_deadline_is_kept_to_within_one_sweep_and_never_early(loop: ClockLoop) -> None:
    deadlines = Deadlines(loop)
    items = [Item(loop, loop.now + after) for after in (0.0, 0.5, 1.0, 1.03, 2.5, NEVER)]
    promised = [item.deadline for item in items]
    for item in items:
        deadlines.guard(item)
    loop.advance(4)
    for item, deadline in zip(items, promised, strict=True):
        assert len(item.expired) == (deadline != NEVER)
        for at in item.expired:
            assert deadline <= at <= deadline + 2 * SWEEP_INTERVAL_S


def test_a_deadline_moves_by_assignment(loop: ClockLoop) -> None:
    deadlines = Deadlines(loop)
    item = Item(loop, loop.now + 1)
    deadlines.guard(item)
    for _ in range(5):
        loop.advance(0.9)
        item.deadline = loop.now + 1
    assert item.expired == []
    loop.advance(1.2)
    assert len(item.expired) == 1


def test_what_is_released_does_not_expire(loop: ClockLoop) -> None:
    deadlines = Deadlines(loop)
    item = Item(loop, loop.now + 1)
    deadlines.guard(item)
    deadlines.guard(item)
    assert len(deadlines) == 1
    deadlines.release(item)
    deadlines.release(item)
    loop.advance(2)
    assert (item.expired, len(deadlines)) == ([], 0)


def test_what_another_releases_as_it_expires_does_not_expire(loop: ClockLoop) -> None:
    deadlines = Deadlines(loop)
    second = Item(loop, loop.now + 1)
    first = Item(loop, loop.now + 1, lambda: deadlines.release(second))
    deadlines.guard(first)
    deadlines.guard(second)
    loop.advance(2)
    assert (len(first.expired), len(second.expired)) == (1, 0)


def test_the_timer_runs_only_while_something_is_guarded(loop: ClockLoop) -> None:
    deadlines = Deadlines(loop)
    for _ in range(2):
        item = Item(loop, loop.now + 0.2)
        deadlines.guard(item)
        loop.advance(0.5)
        assert len(item.expired) == 1
        deadlines.release(item)
        loop.advance(0.5)
        assert deadlines._timer is None


def test_one_that_fails_as_it_expires_does_not_stop_the_others(loop: ClockLoop) -> None:
    problems: list[object] = []
    loop.set_exception_handler(lambda _, context: problems.append(context["exception"]))

    def fail() -> None:
        raise RuntimeError("a defect")

    deadlines = Deadlines(loop)
    failing, healthy, later = Item(loop, loop.now, fail), Item(loop, loop.now), Item(loop, loop.now + 2)
    for item in (failing, healthy, later):
        deadlines.guard(item)
    loop.advance(3)
    assert [len(item.expired) for item in (failing, healthy, later)] == [1, 1, 1]
    assert len(problems) == 1

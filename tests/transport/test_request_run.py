from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine

import pytest

from penstock.transport.request_run import Latch, RequestRun

Steps = list[str]
Body = Callable[[Steps], Coroutine[object, None, None]]


@coroutine
def wait_for(latch: Latch) -> Generator[Latch, None, None]:
    if not latch.is_set:
        yield latch


def begin(coroutine: Coroutine[object, None, None]) -> RequestRun:
    run = RequestRun(coroutine, asyncio.get_running_loop())
    run.start()
    return run


async def told(steps: Steps, awaited: Awaitable[object]) -> None:
    steps.append("begun")
    try:
        steps.append(f"got {await awaited}")
    except asyncio.CancelledError:
        steps.append("cancelled")
        raise
    except ValueError as error:
        steps.append(f"failed: {error}")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_coroutine_begins_at_once_and_goes_on_the_moment_its_latch_is_set() -> None:
    steps: Steps = []
    latch = Latch()
    begin(told(steps, wait_for(latch)))
    assert steps == ["begun"]
    latch.set()
    assert steps == ["begun", "got None"]


async def test_a_latch_that_is_set_already_is_not_waited_for() -> None:
    steps: Steps = []
    latch = Latch()
    latch.set()
    begin(told(steps, wait_for(latch)))
    assert steps == ["begun", "got None"]


async def test_a_future_is_waited_for_and_its_result_or_error_handed_on() -> None:
    steps: Steps = []
    for outcome in ("result", "error"):
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        begin(told(steps, future))
        if outcome == "result":
            future.set_result("it")
        else:
            future.set_exception(ValueError("no"))
        await settle()
    assert steps == ["begun", "got it", "begun", "failed: no"]


async def test_what_asyncio_offers_to_wait_for_works_in_a_run() -> None:
    async def one() -> str:
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
        return "one"

    async def all_of_it() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon(event.set)
        await event.wait()
        async with asyncio.Lock():
            got = await asyncio.gather(*[asyncio.create_task(one()) for _ in range(2)])
        return " and ".join([*got, await asyncio.shield(asyncio.create_task(one()))])

    steps: Steps = []
    begin(told(steps, all_of_it()))
    while len(steps) < 2:
        await asyncio.sleep(0.001)
    assert steps == ["begun", "got one and one and one"]


async def test_a_run_that_waits_for_a_latch_is_cancelled_at_once_and_hears_nothing_more() -> None:
    steps: Steps = []
    latch = Latch()
    run = begin(told(steps, wait_for(latch)))
    run.cancel()
    assert steps == ["begun", "cancelled"]
    latch.set()
    run.cancel()
    await settle()
    assert steps == ["begun", "cancelled"]


async def test_cancelling_reaches_the_task_that_a_run_waits_for() -> None:
    steps: Steps = []
    inner: Steps = []
    task = asyncio.create_task(told(inner, asyncio.Event().wait()))
    run = begin(told(steps, task))
    await settle()
    run.cancel()
    await settle()
    assert inner == steps == ["begun", "cancelled"]
    assert task.cancelled()


async def test_a_run_cancelled_between_a_result_and_its_hearing_of_it_hears_that_it_was_cancelled() -> None:
    steps: Steps = []
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    run = begin(told(steps, future))
    future.set_result("late")
    run.cancel()
    await settle()
    assert steps == ["begun", "cancelled"]


async def test_a_run_that_is_cancelled_from_within_hears_of_it_where_it_waits_next() -> None:
    steps: Steps = []
    runs: list[RequestRun] = []

    async def cancels_itself() -> None:
        await asyncio.sleep(0)
        runs[0].cancel()
        steps.append("still here")
        await told(steps, asyncio.Event().wait())

    runs.append(begin(cancels_itself()))
    await settle()
    assert steps == ["still here", "begun", "cancelled"]


async def test_a_coroutine_may_wait_again_after_it_was_cancelled() -> None:
    steps: Steps = []
    latch = Latch()

    async def cleans_up() -> None:
        try:
            await wait_for(Latch())
        except asyncio.CancelledError:
            await told(steps, wait_for(latch))
            raise

    begin(cleans_up()).cancel()
    assert steps == ["begun"]
    latch.set()
    assert steps == ["begun", "got None"]


async def test_an_error_reaches_whoever_made_the_coroutine_go_on() -> None:
    latch = Latch()

    async def fails() -> None:
        await wait_for(latch)
        raise ValueError("mine")

    begin(fails())
    with pytest.raises(ValueError, match="mine"):
        latch.set()

from __future__ import annotations

import asyncio
import gc
import os
import platform
import signal
import subprocess
import sys

import pytest

from penstock.app import event_loop


def test_the_loop_is_uvloops_where_it_is_installed() -> None:
    loop = event_loop.new_event_loop()
    assert type(loop).__module__ == "uvloop"
    loop.close()


def test_settling_spares_the_collector_what_is_there() -> None:
    before = gc.get_threshold()
    try:
        event_loop.settle()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == event_loop.GC_THRESHOLDS
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


FAULTS = """
import resource
from penstock.app import event_loop
{prepared}
def body():
    return [bytes(300_000) + b"x" for _ in range(5)]
body()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    body()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have rules of their own")
def test_large_bodies_come_from_memory_that_is_there_already() -> None:
    faults = {
        prepared: int(subprocess.check_output([sys.executable, "-c", FAULTS.format(prepared=prepared)]))
        for prepared in ("", "event_loop.keep_freed_memory()")
    }
    assert faults[""] > 1000
    assert faults["event_loop.keep_freed_memory()"] < 100, "fewer than one for each body"


async def test_what_has_no_end_ends_when_told_and_with_its_defects() -> None:
    stop, seen = asyncio.Event(), []

    async def endless() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            seen.append("ended")

    async def broken() -> None:
        raise KeyError("unforeseen")

    asyncio.get_running_loop().call_later(0.01, stop.set)
    await event_loop.run_until(stop, endless(), endless())
    assert seen == ["ended", "ended"]
    with pytest.raises(KeyError, match="unforeseen"):
        await event_loop.run_until(asyncio.Event(), endless(), broken())
    assert len(seen) == 3


async def test_the_loop_gets_its_turn_often_while_something_is_computed() -> None:
    usual = sys.getswitchinterval()

    assert await event_loop.compute_beside(sys.getswitchinterval) == pytest.approx(event_loop.SWITCH_BESIDE_S)
    with pytest.raises(ZeroDivisionError):
        await event_loop.compute_beside(lambda: 1 // 0)

    assert sys.getswitchinterval() == usual


async def test_an_attempt_that_is_given_up_is_not_gone_on_with() -> None:
    given_up = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            given_up.set()

    trying = asyncio.create_task(event_loop.attempt(slow()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    trying.cancel()
    await asyncio.wait({trying})
    await given_up.wait()
    assert trying.cancelled()


async def test_signals_call_what_they_are_for() -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    event_loop.on_end_signals(lambda: heard.put_nowait("end"))
    event_loop.on_reload_signal(lambda: heard.put_nowait("reload"))
    try:
        for number, expected in ((signal.SIGHUP, "reload"), (signal.SIGTERM, "end"), (signal.SIGINT, "end")):
            os.kill(os.getpid(), number)
            assert await heard.get() == expected
    finally:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

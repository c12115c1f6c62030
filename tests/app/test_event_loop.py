from __future__ import annotations

import asyncio
import gc
import os
import signal

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

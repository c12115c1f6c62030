"""How a process of ours runs: its event loop, its log, its garbage collector, the signals that end it."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

from penstock.core.errors import OperatorError

SWITCH_BESIDE_S = 0.0002
GC_THRESHOLDS = (50_000, 20, 50)
"""The request path makes few cycles; the collector's default would look for them after every 700 objects."""
KEPT_BYTES = 2 * 1024 * 1024
"""Blocks of memory up to this size are used again when they are free, and not given back to the system."""

log = logging.getLogger("penstock")

T = TypeVar("T")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop, or asyncio's own where uvloop is not installed."""
    try:
        import uvloop  # noqa: PLC0415 - optional on some platforms
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def log_to_standard_error(level: str, *, worker: int | None = None) -> None:
    """Say what happens on standard error; workers say which one they are."""
    name = "%(name)s" if worker is None else f"%(name)s[{worker}]"
    form = f"%(asctime)s %(levelname)s {name}: %(message)s"
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format=form)


def settle() -> None:
    """Take what the start has built for permanent, so that the collector does not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Let bodies of some hundred KiB come from memory that is there already.

    glibc gives large blocks back to the system as they are freed, and each new one then costs a fault per page. It
    learns what "large" is from the largest block it was given back; elsewhere this is of no effect.
    https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html (read 2026-11-23)
    """
    bytes(KEPT_BYTES)


def on_end_signals(act: Callable[[], None]) -> None:
    """Call ``act`` for each SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, act)


def on_reload_signal(act: Callable[[], None]) -> None:
    """Call ``act`` for each SIGHUP."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, act)


async def compute_beside(work: Callable[[], T]) -> T:
    """Return what ``work`` computes in a thread, while the event loop goes on with little delay.

    A thread that computes keeps the interpreter for a switch interval (5 ms) each time that the loop wants it back,
    which is several times for each request; a shorter one is dearer, but not for long.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_BESIDE_S)
    try:
        return await asyncio.to_thread(work)
    finally:
        sys.setswitchinterval(usual)


async def attempt(work: Coroutine[object, object, T]) -> T:
    """Return what ``work`` gives. A configuration that meets a defect of ours must not end who serves by another one.

    Raises:
        OperatorError: it cannot be done, or it met a defect; that is logged with its traceback.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()  # of no effect when it has ended
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, OperatorError):
        raise error
    log.error("a defect of the gateway", exc_info=error)
    msg = f"a defect of the gateway ({type(error).__name__}); its log has the place"
    raise OperatorError(msg)


def nothing_to_reload_yet() -> None:
    """Take SIGHUP during the start, when it would otherwise end the process."""


async def run_until(stop: asyncio.Event, *endless: Coroutine[object, object, None]) -> None:
    """Do what has no end until ``stop`` is set; a defect in it is raised here."""
    stopping = asyncio.create_task(stop.wait())
    tasks = {asyncio.create_task(each) for each in endless}
    done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, *tasks):
        task.cancel()
    await asyncio.wait({stopping, *tasks})
    for task in done:
        task.result()


def end_now() -> None:
    """End this process by SIGTERM, without waiting for anything."""
    log.warning("second signal: ending without waiting for answers in progress")
    sys.stderr.flush()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)

"""Play a script: the one place of the simulator that waits and writes.

Theory of operation. A paced stream keeps to the times at which its events are due, not to pauses between them: when
the loop is late, everything that is due goes out in one write, so that ten thousand slow streams in one process fall
behind together instead of breaking. A connection that is to be cut is first given a moment to send what was written,
since closing it throws away what is still buffered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar
from typing import assert_never

from penstock.simulator.pace import Pace
from penstock.simulator.script import Cut, End, Head, Paced, Raw, Script, Send, Step, Think, Wait
from penstock.transport.server_request import ServerRequest

BATCH_BYTES = 32 * 1024
FLUSH_S = 0.05
reset_asked: ContextVar[bool] = ContextVar("reset_asked", default=False)
"""True while a connection is being cut that should be reset; read by the connection."""


async def perform(script: Script, request: ServerRequest, pace: Pace) -> None:
    """Send an answer step by step. Cancelled when the caller leaves."""
    for step in script:
        await _perform_step(step, request, pace)


async def _perform_step(step: Step, request: ServerRequest, pace: Pace) -> None:
    match step:
        case Wait():
            await asyncio.sleep(step.seconds)
        case Think():
            if (seconds := pace.duration_s(step.tokens)) > 0:
                await asyncio.sleep(seconds)
        case Head():
            request.begin(step.status, step.headers, step.length)
        case Paced():
            await (_send_paced(step.events, request, pace) if pace.first_s else _send_at_once(step.events, request))
        case Send():
            request.write_chunk(step.data)
            await request.drain()
        case Raw():
            request.write_raw(step.data)
            await request.drain()
        case End():
            request.end()
        case Cut():
            await _cut(request, reset=step.reset)
        case _:
            assert_never(step)


async def _send_at_once(events: Iterable[bytes], request: ServerRequest) -> None:
    """Send the events in large pieces, at the caller's speed."""
    batch: list[bytes] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event)
        if size >= BATCH_BYTES:
            request.write_chunk(b"".join(batch))
            batch.clear()
            size = 0
            await request.drain()
    request.write_chunk(b"".join(batch))
    await request.drain()


async def _send_paced(events: Iterable[bytes], request: ServerRequest, pace: Pace) -> None:
    """Send each event when it is due, and with it all that are due already."""
    loop = asyncio.get_running_loop()
    due_s = loop.time() + pace.first_s
    batch: list[bytes] = []
    for event in events:
        delay_s = due_s - loop.time()
        if delay_s > 0:
            if batch:
                request.write_chunk(b"".join(batch))
                batch.clear()
                await request.drain()
            await asyncio.sleep(delay_s)
        batch.append(event)
        due_s += pace.interval_s
    request.write_chunk(b"".join(batch))
    await request.drain()


async def _cut(request: ServerRequest, *, reset: bool) -> None:
    await request.drain()
    await asyncio.sleep(FLUSH_S)
    token = reset_asked.set(reset)
    try:
        request.abort()
    finally:
        reset_asked.reset(token)

"""Two hundred reloads in two workers, under load and with streams that last through all of them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.app.supervised_gateway import LAST, STREAMED, TOKEN, Supervised, supervised, write
from tests.relay.plain_client import Caller, call, render
from tests.relay.scripted_upstream import Script, ScriptedUpstream, event_stream, scripted_upstream

RELOADS, WARM = 200, 40
LONG_STREAMS, ASKING = 6, 6
FLAT = ("penstock_tasks{}", "penstock_client_connections{}", "process_open_fds{}")
"""What must be where it was after the warm-up, but for a few connections of the moment."""
RESIDENT = "process_resident_memory_bytes{}"
SPREAD, GROWTH_BYTES = 12, 24 * 1024 * 1024


async def asking(gateway: Supervised, done: asyncio.Event) -> int:
    """Ask again and again, on a connection that is used as long as it lasts; return how many answers came whole."""
    answers = 0
    caller = await call(gateway.url)
    while not done.is_set():
        caller.send(render(STREAMED))
        answered = await caller.answer()
        assert (answered.status, answered.whole, answered.body) == (200, True, TOKEN + LAST), answered
        answers += 1
        if answers % 20 == 0:
            await caller.close()
            caller = await call(gateway.url)
    await caller.close()
    return answers


async def long_streams(gateway: Supervised) -> list[Caller]:
    callers = [await call(gateway.url) for _ in range(LONG_STREAMS)]
    for caller in callers:
        caller.send(render(STREAMED))
        await caller.answer(until=TOKEN)
    return callers


async def reloaded(gateway: Supervised, times: int) -> None:
    await gateway.until(lambda: gateway.page("/config")["reloads"] >= times)


async def storm(gateway: Supervised, upstream: ScriptedUpstream, first: int, last: int) -> dict[str, float]:
    """Change the configuration and have it reloaded, time after time; return the metrics at the end."""
    for number in range(first, last):
        models = "gpt" if number % 2 else "gpt other"  # and every third time the backend is another one
        write(gateway.file, upstream.port, models=models, more=f"# {number}\n")
        if number % 3 == 0:
            text = gateway.file.read_text().replace("/v1}", f"/v1, headers: {{x-number: '{number}'}}}}")
            gateway.file.write_text(text)
        gateway.penstock.process.send_signal(signal.SIGHUP)
        await reloaded(gateway, number + 1)
    return await asyncio.to_thread(gateway.metrics)


async def test_reloads_under_load_fail_no_request_and_leave_nothing_behind(tmp_path: Path) -> None:
    more, done = asyncio.Event(), asyncio.Event()

    def answer(number: int) -> Script:
        return event_stream([TOKEN, more, LAST] if number < LONG_STREAMS else [TOKEN, LAST])

    async with scripted_upstream(answer=answer) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            callers = await long_streams(gateway)
            load = [asyncio.create_task(asking(gateway, done)) for _ in range(ASKING)]
            before = await storm(gateway, upstream, 0, WARM)
            after = await storm(gateway, upstream, WARM, RELOADS)
            done.set()
            answers = await asyncio.gather(*load)
            more.set()
            for caller in callers:
                assert (await caller.answer()).whole
                await caller.close()

            config = gateway.page("/config")
            assert (config["refused"], config["reloads"] >= RELOADS) == (0, True)
            assert sum(answers) > RELOADS
            for name in FLAT:
                assert after[name] <= before[name] + SPREAD, name
            assert after[RESIDENT] <= before[RESIDENT] + GROWTH_BYTES
            await gateway.until(lambda: gateway.metrics()["penstock_snapshots{}"] == 2)
            failed = [name for name in gateway.metrics() if "requests_total" in name and "outcome=done" not in name]
            assert not failed
            assert await asyncio.to_thread(gateway.penstock.end) == 0
        assert "Traceback" not in gateway.penstock.printed()

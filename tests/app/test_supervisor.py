"""Workers that are killed, a supervisor that is killed, and reloads, with callers in the middle of it all."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from pathlib import Path

from tests.app.supervised_gateway import LAST, STREAMED, TOKEN, Supervised, alive, supervised, write
from tests.cli.penstock_process import BOUND_S
from tests.relay.plain_client import Caller, ask, call, render
from tests.relay.scripted_upstream import ScriptedUpstream, event_stream, json_answer, scripted_upstream
from tests.relay.served_gateway import eventually
from tests.transport.certificates import Authority

BODY = b'{"model":"gpt"}'
ANSWER = json_answer(b'{"choices":[{"finish_reason":"stop"}]}')
REQUESTS = "penstock_requests_total{backend=up,code=,endpoint=chat_completions,model=gpt,outcome=done,status=200}"


async def streams_on_every_worker(gateway: Supervised, upstream: ScriptedUpstream) -> dict[int, list[Caller]]:
    """Begin streams until every worker answers two or more."""
    by_worker: dict[int, list[Caller]] = {pid: [] for pid in gateway.pids()}
    while any(len(callers) < 2 for callers in by_worker.values()):
        caller = await call(gateway.url)
        caller.send(render(STREAMED))
        await caller.answer(until=TOKEN)
        by_worker[gateway.worker_of(caller)].append(caller)
        assert upstream.received
    return by_worker


def add_backend(gateway: Supervised, ca: Path) -> None:
    """Give the configuration one more backend, which trusts the authorities in a file."""
    more = f"{{provider: vllm, base_url: https://127.0.0.1:1, tls: {{ca_file: {ca}}}}}"
    gateway.file.write_text(gateway.file.read_text().replace("backends: {", f"backends: {{more: {more}, "))


async def test_a_killed_worker_loses_its_own_requests_and_no_other_and_is_replaced(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            by_worker = await streams_on_every_worker(gateway, upstream)
            killed = min(by_worker)
            os.kill(killed, signal.SIGKILL)

            more.set()  # from here on every stream that is asked for is answered at once
            for _ in range(40):  # half of these connections were meant for the dead worker's sockets
                answered = await ask(gateway.url, STREAMED)
                assert (answered.status, answered.whole, answered.body) == (200, True, TOKEN + LAST)
            for pid, callers in by_worker.items():
                for caller in callers:
                    assert (await caller.answer()).whole == (pid != killed)
                    await caller.close()

            await gateway.until(lambda: all(worker["state"] == "serving" for worker in gateway.workers()))
            replaced = gateway.workers()
            assert killed not in [worker["pid"] for worker in replaced]
            assert sorted(worker["restarts"] for worker in replaced) == [0, 1]
            assert "was ended by SIGKILL" in [worker["last_end"] for worker in replaced]
            metrics = gateway.metrics()
            assert metrics["penstock_worker_restarts_total{}"] == 1
            assert metrics["penstock_workers{state=serving}"] == 2
            assert (await ask(gateway.url, STREAMED)).whole
            assert await asyncio.to_thread(gateway.penstock.end) == 0
        assert "Traceback" not in gateway.penstock.printed()


async def test_workers_outlive_a_killed_supervisor_only_to_finish_and_the_port_is_free_at_once(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            workers = gateway.pids()
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)
            busy = gateway.worker_of(caller)
            gateway.penstock.process.kill()
            gateway.penstock.process.wait(BOUND_S)

            (tmp_path / "again").mkdir()
            port = int(gateway.url.rpartition(":")[2])
            with supervised(tmp_path / "again", upstream.port, port=port) as again:
                assert again.url == gateway.url
                assert alive(busy)
                more.set()
                answered = await caller.answer()
                assert (answered.whole, answered.body) == (True, TOKEN + LAST)
                await caller.close()
                assert (await ask(again.url, STREAMED)).whole
                await eventually(lambda: not any(map(alive, workers)))
                assert await asyncio.to_thread(again.penstock.end) == 0
    assert "Traceback" not in gateway.penstock.printed()


async def test_a_worker_that_is_told_to_end_finishes_and_is_replaced_without_a_lost_request(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            by_worker = await streams_on_every_worker(gateway, upstream)
            ended = min(by_worker)
            os.kill(ended, signal.SIGTERM)
            await gateway.until(lambda: "draining" in [worker["state"] for worker in gateway.workers()])
            for _ in range(10):
                assert (await ask(gateway.url, path="/v1/models", method="GET")).status == 200
            more.set()
            for callers in by_worker.values():
                for caller in callers:
                    assert (await caller.answer()).whole
                    await caller.close()
            await gateway.until(lambda: ended not in gateway.pids() and len(set(gateway.pids())) == 2)
            assert await asyncio.to_thread(gateway.penstock.end) == 0


async def test_draining_finishes_streams_within_the_grace_time_and_cuts_what_is_longer(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            by_worker = await streams_on_every_worker(gateway, upstream)
            gateway.penstock.process.terminate()
            await gateway.until(lambda: gateway.page("/ready")["reasons"] == ["draining", "no worker serves"])
            more.set()
            for caller in itertools.chain(*by_worker.values()):
                assert (await caller.answer()).whole
                await caller.close()
            assert await asyncio.to_thread(gateway.penstock.process.wait, BOUND_S) == 0

        more.clear()
        (tmp_path / "short").mkdir()
        with supervised(tmp_path / "short", upstream.port, "--grace", "0.1") as gateway:
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)
            gateway.penstock.process.terminate()
            assert not (await caller.answer()).whole
            await caller.close()
            assert await asyncio.to_thread(gateway.penstock.process.wait, BOUND_S) == 0


async def test_a_second_signal_ends_the_workers_too(tmp_path: Path) -> None:
    more = asyncio.Event()
    async with scripted_upstream(event_stream([TOKEN, more, LAST])) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            workers = gateway.pids()
            caller = await call(gateway.url)
            caller.send(render(STREAMED))
            await caller.answer(until=TOKEN)
            gateway.penstock.process.terminate()
            await asyncio.to_thread(gateway.penstock.wait_for, "draining 2 workers")
            gateway.penstock.process.terminate()
            assert await asyncio.to_thread(gateway.penstock.process.wait, BOUND_S) == -signal.SIGTERM
            await eventually(lambda: not any(map(alive, workers)))
            await caller.close()


async def test_counters_are_summed_and_survive_their_worker(tmp_path: Path) -> None:
    async with scripted_upstream(ANSWER) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:
            by_worker: dict[int, int] = dict.fromkeys(gateway.pids(), 0)
            while not all(by_worker.values()):
                caller = await call(gateway.url)
                caller.send(render(BODY))
                assert (await caller.answer()).status == 200
                by_worker[gateway.worker_of(caller)] += 1
                await caller.close()
            asked = sum(by_worker.values())
            before = gateway.metrics()
            assert before[REQUESTS] == asked
            log = tmp_path / "access.log"
            await eventually(lambda: len(log.read_text().splitlines()) == asked)  # each worker writes its own lines
            os.kill(min(by_worker), signal.SIGKILL)
            await gateway.until(lambda: gateway.metrics()["penstock_worker_restarts_total{}"] == 1)
            after = gateway.metrics()
            assert after[REQUESTS] == asked
            place = "backend=up,endpoint=chat_completions,model=gpt"
            assert after[f"penstock_request_duration_seconds_count{{{place}}}"] == asked
            assert after["process_cpu_seconds_total{}"] >= before["process_cpu_seconds_total{}"]
            assert await asyncio.to_thread(gateway.penstock.end) == 0


async def test_a_reload_reaches_every_worker_or_none(tmp_path: Path) -> None:
    async with scripted_upstream(ANSWER) as upstream:
        with supervised(tmp_path, upstream.port) as gateway:

            async def models() -> set[str]:
                found: set[str] = set()
                for _ in range(12):
                    listed = (await ask(gateway.url, path="/v1/models", method="GET")).json["data"]
                    found.add(" ".join(model["id"] for model in listed))
                return found

            assert await models() == {"gpt"}
            write(gateway.file, upstream.port, models="gpt two")
            await gateway.until(lambda: gateway.page("/config")["reloads"] == 1)
            assert await models() == {"gpt two"}

            folder = tmp_path / "folder"  # which the supervisor takes for a log, and no worker can write to
            folder.mkdir()
            write(gateway.file, upstream.port, models="gpt three")
            gateway.file.write_text(gateway.file.read_text().replace(f"{tmp_path}/access.log", str(folder)))
            gateway.penstock.process.send_signal(signal.SIGHUP)
            await gateway.until(lambda: gateway.page("/config")["refused"] == 1)
            assert "the access log" in gateway.page("/config")["last_error"]["message"]
            assert await models() == {"gpt two"}

            os.kill(gateway.pids()[0], signal.SIGKILL)  # its replacement serves by what is in use, not by the file
            await gateway.until(lambda: gateway.metrics()["penstock_worker_restarts_total{}"] == 1)
            await gateway.until(lambda: gateway.metrics()["penstock_workers{state=serving}"] == 2)
            assert await models() == {"gpt two"}
            assert await asyncio.to_thread(gateway.penstock.end) == 0


async def test_a_worker_that_cannot_start_is_tried_again_and_shown_while_others_serve(tmp_path: Path) -> None:
    async with scripted_upstream(ANSWER) as upstream:
        ca = tmp_path / "ca.pem"
        with supervised(tmp_path, upstream.port) as gateway:
            ca.write_bytes(Path(Authority(tmp_path).file).read_bytes())
            add_backend(gateway, ca)
            await gateway.until(lambda: gateway.page("/config")["reloads"] == 1)
            ca.write_text("spoilt")
            os.kill(gateway.pids()[0], signal.SIGKILL)
            await gateway.until(lambda: max(worker["restarts"] for worker in gateway.workers()) >= 3)
            ready = gateway.page("/ready")
            assert ready["ready"]
            assert sorted(worker["state"] == "serving" for worker in ready["workers"]) == [False, True]
            for _ in range(10):
                assert (await ask(gateway.url, BODY)).status == 200
            assert "cannot serve: " in (printed := gateway.penstock.printed())
            assert "was ended, since it cannot serve" in printed
            assert await asyncio.to_thread(gateway.penstock.end) == 0

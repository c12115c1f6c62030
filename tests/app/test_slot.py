"""One worker process at a time in its place, by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from penstock.app import slot as slot_module
from penstock.app.channel import ChannelClosed, Report
from penstock.app.slot import Slot
from penstock.app.sockets import Bound, bind
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Listener
from tests.relay.served_gateway import eventually


async def test_a_process_is_started_answers_and_its_end_is_described() -> None:
    slot = Slot(0)
    with pytest.raises(ChannelClosed):
        await slot.ask(Report())
    assert await slot.until_ended() == "was not started"

    await slot.spawn(grace_s=1, log_level="info")
    assert (await slot.ask(Report())).readings == []
    pid = slot.report().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    assert await slot.until_ended() == f"worker 0 (pid {pid}) was ended by SIGKILL"
    assert (slot.left.is_set(), slot.state) == (True, "waiting")
    with pytest.raises(ChannelClosed):
        await slot.ask(Report())


async def test_a_worker_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(slot_module, "REPORT_WAIT_S", 0.05)
    monkeypatch.setattr(slot_module, "MISSED_REPORTS", 2)
    slot = Slot(0)
    await slot.spawn(grace_s=1, log_level="info")
    await slot.ask(Report())
    slot.state = "serving"
    pid = slot.report().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await slot.refresh()
    assert slot.state == "serving"
    await slot.refresh()
    assert "it did not answer any more" in await slot.until_ended()
    assert "does not answer any more" in caplog.text


async def test_waits_double_up_to_a_bound_and_begin_anew_after_a_life(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    slot = Slot(0)
    for _ in range(9):
        await slot.rest()
    slot.state = "serving"
    await slot.rest()
    monkeypatch.setattr(slot_module, "LIVED_S", 0.0)
    await slot.rest()
    assert waited == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0, 0.1]
    assert slot.restarts == len(waited)


async def test_a_worker_leaves_on_sigterm_and_when_nobody_is_there_any_more() -> None:
    for leave in ("signal", "hang up"):
        slot = Slot(0)
        await slot.spawn(grace_s=1, log_level="info")
        await slot.ask(Report())
        pid = slot.report().pid
        assert pid is not None
        if leave == "signal":
            os.kill(pid, signal.SIGTERM)
        else:
            assert slot._channel is not None
            slot._channel.close()
        assert (await slot.until_ended()).endswith("ended with status 0")
        await eventually(slot.left.is_set)


async def test_sockets_are_handed_over_once_and_again_when_they_were_given_up() -> None:
    slot = Slot(0)
    await slot.spawn(grace_s=1, log_level="info")
    bound = await bind(Listener(port=0))
    slot.hand_over([bound])
    slot.keep_sockets([])
    slot.hand_over([bound])
    slot.kill()
    await slot.until_ended()
    opened = len(list(Path("/dev/fd").iterdir()))
    slot.hand_over([bound])  # to a process that is gone
    assert len(list(Path("/dev/fd").iterdir())) == opened, "nothing is left open"
    bound.close()


async def test_a_process_that_takes_no_sockets_has_ended_or_is_a_problem() -> None:
    bound = await bind(Listener(port=0))
    for ended in (True, False):
        slot = Slot(0)
        await slot.spawn(grace_s=1, log_level="info")
        pid = slot.report().pid
        assert (pid is not None, slot._handing is not None) == (True, True)
        if ended and slot._handing is not None:
            slot._handing.shutdown(socket.SHUT_RDWR)
            with pytest.raises(ChannelClosed, match="it has ended"):
                slot.hand_over([bound])
        elif pid is not None:
            os.kill(pid, signal.SIGSTOP)
            many = (Bound(number, bound.address, bound.sets) for number in range(1_000_000, 2_000_000))
            with pytest.raises(OperatorError, match=r"cannot be given the sockets of 127\.0\.0\.1:0: Resource temp"):
                slot.hand_over(many)
        slot.kill()
        await slot.until_ended()
    bound.close()

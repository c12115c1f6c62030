from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bench.caller import Caller
from bench.mixed_load import Deed, Tally, Unexpected, deeds, drive
from bench.soak import fault_models
from penstock.simulator.faults import read_fault


def _raising(error: Exception | None) -> Callable[[Caller], Awaitable[None]]:
    async def act(caller: Caller) -> None:
        await asyncio.sleep(0.001)
        if error is not None:
            raise error

    return act


def test_every_fault_of_the_simulator_takes_part_with_and_without_a_stream() -> None:
    models = fault_models()
    names = [deed.name for deed in deeds(models)]
    assert len(names) == len(set(names))
    for model in models:
        chosen = read_fault(model)
        assert chosen is not None
        assert chosen.seconds <= 3
        assert {f"fault: {model}", f"fault: {model} streamed"} <= set(names)


def test_good_requests_are_most_of_the_load() -> None:
    what = deeds(fault_models())
    good = sum(deed.weight for deed in what if deed.name in {"chat", "stream", "embeddings"})
    assert good > sum(deed.weight for deed in what) / 2


async def test_deeds_are_counted_and_all_kinds_have_their_turn() -> None:
    what = (Deed("one", 1, _raising(None)), Deed("two", 1, _raising(None)))
    tally = await drive(0, clients=4, duration_s=0.2, what=what, seed=7)
    assert set(tally.done) == {"one", "two"}
    assert tally.findings == []


@pytest.mark.parametrize("error", [Unexpected("status 200"), ConnectionResetError("reset"), EOFError("closed")])
async def test_a_deed_that_ends_as_it_must_not_is_a_finding(error: Exception) -> None:
    tally = await drive(0, clients=1, duration_s=0.01, what=(Deed("chat", 1, _raising(error)),), seed=7)
    assert tally.findings
    assert tally.findings[0].startswith("chat: ")


async def test_a_fault_may_cut_the_connection() -> None:
    what = (Deed("fault: fault-silent", 1, _raising(ConnectionResetError("reset"))),)
    assert (await drive(0, clients=1, duration_s=0.01, what=what, seed=7)).findings == []


async def test_equal_findings_are_told_once() -> None:
    what = (Deed("chat", 1, _raising(Unexpected("no"))),)
    tally = await drive(0, clients=8, duration_s=0.2, what=what, seed=7)
    assert tally.done["chat"] > len(tally.findings) == 1


def test_findings_are_bounded() -> None:
    tally = Tally()
    for number in range(100):
        tally.finding(str(number))
    assert tally.findings == [str(number) for number in range(20)]

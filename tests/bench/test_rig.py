from __future__ import annotations

from bench.gateways import penstock, tensorzero
from bench.rig import Rig, Running, requests_for
from bench.scenarios import ALL, SMALL, TRANSLATED


def _running() -> Running:
    return Running(penstock.GATEWAY, 1, None, 0.0, requests_for(penstock.GATEWAY, 1, 2))


def test_a_gateway_is_asked_for_what_it_serves_and_nothing_else() -> None:
    assert list(requests_for(penstock.GATEWAY, 1, 2)) == [scenario.name for scenario in ALL]
    served = requests_for(tensorzero.GATEWAY, 1, 2)
    assert {scenario.upstream for scenario in ALL if scenario.name not in served} == set(tensorzero.GATEWAY.cannot)


def test_a_translation_that_fails_is_left_out_alone() -> None:
    running = _running()
    rig = Rig(ALL, [running])
    rig.leave_out(running, TRANSLATED[0], "it answered nonsense")
    assert rig.running == [running]
    assert TRANSLATED[0].name not in running.requests
    assert SMALL.name in running.requests
    assert rig.left_out == {f"penstock {TRANSLATED[0].name}": "it answered nonsense"}


def test_a_gateway_that_fails_otherwise_is_left_out_wholly() -> None:
    running = _running()
    rig = Rig(ALL, [running])
    rig.leave_out(running, SMALL, "it has gone")
    assert (rig.running, rig.left_out) == ([], {"penstock": "it has gone"})

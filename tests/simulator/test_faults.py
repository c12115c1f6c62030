from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.simulator import faults
from penstock.simulator.dialect import Prepared
from penstock.simulator.faults import BY_NAME, FAULTS, MAX_SECONDS, PREFIX, FaultMemory, apply_fault, read_fault
from penstock.simulator.openai_errors import VendorError
from penstock.simulator.script import Head, Script

HEALTHY = Prepared((), b"{}")
FAULT_NAMES = st.sampled_from([fault.name for fault in FAULTS])


def status_of(script: Script) -> int:
    return next(step.status for step in script if isinstance(step, Head))


def test_names_are_all_different() -> None:
    assert len(BY_NAME) == len(FAULTS)


def test_every_scenario_has_its_fault() -> None:
    named = [scenario for fault in FAULTS for scenario in fault.scenario.split()]
    assert sorted(named) == [f"S{number:02}" for number in range(1, 16)]


@given(FAULT_NAMES, st.sampled_from(["", "-2.5s"]), st.sampled_from(["", "-once", "-3-times"]), st.text(max_size=9))
def test_a_name_tells_seconds_times_and_whose_count_it_is(name: str, seconds: str, times: str, label: str) -> None:
    chosen = read_fault(f"{PREFIX}{name}{seconds}{times}@{label}")
    assert chosen is not None
    assert chosen.fault is BY_NAME[name]
    assert chosen.seconds == (2.5 if seconds else BY_NAME[name].seconds)
    assert chosen.times == {"": None, "-once": 1, "-3-times": 3}[times]


def test_seconds_may_stand_in_the_middle() -> None:
    chosen = read_fault("fault-down-60s-then-up")
    assert chosen is not None
    assert (chosen.fault.name, chosen.seconds) == ("down-then-up", 60)


@pytest.mark.parametrize("model", ["gpt-5", "", "default-429", "Fault-429"])
def test_other_models_are_no_faults(model: str) -> None:
    assert read_fault(model) is None


@pytest.mark.parametrize("model", ["fault-", "fault-nonsense", "fault-429-twice", "fault-5s", "fault-429-5s-6s"])
def test_an_unknown_fault_is_refused_with_the_names_of_all(model: str) -> None:
    with pytest.raises(VendorError) as found:
        read_fault(model)
    assert (found.value.status, found.value.code) == (404, "model_not_found")
    assert all(PREFIX + fault.name in found.value.message for fault in FAULTS)


def test_seconds_are_bounded() -> None:
    assert read_fault(f"fault-silent-{MAX_SECONDS:g}s") is not None
    with pytest.raises(VendorError, match="at most"):
        read_fault(f"fault-silent-{MAX_SECONDS + 1:g}s")


def answers(model: str, times_asked: int) -> list[int]:
    memory, statuses = FaultMemory(), []
    for now_s in range(times_asked):
        chosen = read_fault(model)
        assert chosen is not None
        before, failed_for_s = memory.note("v", model, now_s)
        script = apply_fault(
            model, chosen, HEALTHY, last_role="user", requests_before=before, failed_for_s=failed_for_s
        )
        statuses.append(status_of(script))
    return statuses


@pytest.mark.parametrize(
    ("model", "statuses"),
    [
        ("fault-500", [500] * 5),
        ("fault-500-once", [500, 200, 200, 200, 200]),
        ("fault-500-3-times", [500, 500, 500, 200, 200]),
        ("fault-500-0-times", [200] * 5),
        ("fault-down-2s-then-up", [503, 503, 200, 200, 200]),
    ],
)
def test_a_fault_has_its_times_and_then_is_over(model: str, statuses: list[int]) -> None:
    assert answers(model, 5) == statuses


def test_counts_are_kept_by_vendor_and_whole_name_until_they_are_forgotten() -> None:
    memory = FaultMemory()
    assert memory.note("a", "m", 10) == (0, 0)
    assert memory.note("a", "m", 12.5) == (1, 2.5)
    assert memory.note("b", "m", 13) == (0, 0)
    assert memory.note("a", "m@x", 13) == (0, 0)
    memory.forget()
    assert memory.note("a", "m", 14) == (0, 0)


def test_only_so_many_names_are_remembered_the_least_used_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MAX_REMEMBERED", 2)
    memory = FaultMemory()
    for model in ("one", "two", "one", "three"):
        memory.note("v", model, 0)
    assert memory.note("v", "one", 0)[0] == 2
    assert memory.note("v", "two", 0)[0] == 0

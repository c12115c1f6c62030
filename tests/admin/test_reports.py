from __future__ import annotations

import pytest

from penstock.admin.reports import ConfigurationReport, WorkerReport, WorkerState, judge, write_time


def worker(state: WorkerState) -> WorkerReport:
    return WorkerReport(worker=0, pid=1, state=state, since="now", restarts=0)


@pytest.mark.parametrize(
    ("draining", "models", "states", "reasons"),
    [
        (False, (), None, ()),
        (False, (), ("serving", "waiting"), ()),
        (False, (), ("starting", "waiting", "draining"), ("no worker serves",)),
        (False, ("gpt",), ("serving",), ("models without a usable target",)),
        (True, (), None, ("draining",)),
        (True, ("gpt",), (), ("draining", "no worker serves", "models without a usable target")),
    ],
)
def test_ready_is_who_has_no_reason_not_to_be(
    draining: bool, models: tuple[str, ...], states: tuple[WorkerState, ...] | None, reasons: tuple[str, ...]
) -> None:
    workers = None if states is None else [worker(state) for state in states]

    report = ConfigurationReport(version="v1", source="a.yaml", loaded_at="now", listeners=("http://a:1",))
    judged = judge(report, draining=draining, models_without_target=models, workers=workers)

    assert (judged.configuration, judged.listeners) == ("v1", ("http://a:1",))
    assert (judged.ready, judged.reasons, judged.models_without_target) == (not reasons, reasons, models)


def test_times_are_written_in_utc() -> None:
    assert write_time(1_700_000_000.9) == "2023-11-14T22:13:20Z"

from __future__ import annotations

from collections import Counter

from bench import soak
from bench.leaks import FEWEST_SAMPLES, left_behind
from bench.mixed_load import Tally
from bench.soak import Soak, logged_defects

LOG = """\
2026-11-23 11:02:36,252 INFO penstock: penstock 0.1.0 serves on http://127.0.0.1:48793
2026-11-23 11:02:37,054 ERROR asyncio: Exception in callback <bound method A.b of <A object at 0x7f0566988340>>
Traceback (most recent call last):
2026-11-23 11:02:38,054 ERROR asyncio: Exception in callback <bound method A.b of <A object at 0x7f0566988341>>
2026-11-23 11:02:39,054 ERROR penstock: unhandled error while answering POST /v1/embeddings
"""
AT_REST = {"tasks": 2.0, "open files": 16.0}


def _shown(**changes: object) -> Soak:
    shown = Soak(60.0, tally=Tally(done=Counter({"chat": 10, "fault: fault-silent": 1})), before=AT_REST, after=AT_REST)
    shown.samples_mib = [50.0] * FEWEST_SAMPLES
    for name, value in changes.items():
        setattr(shown, name, value)
    return shown


def test_a_clean_run_passes() -> None:
    assert _shown().findings == []
    assert _shown().text().startswith("PASS: 11 requests")


def test_each_kind_of_finding_fails_a_run() -> None:
    bad = [
        _shown(tally=Tally(findings=["chat: cut"])),
        _shown(after={"tasks": 3.0, "open files": 16.0}),
        _shown(samples_mib=[float(number) for number in range(100)]),
        _shown(defects=["the gateway logged: error"]),
    ]
    assert [len(shown.findings) for shown in bad] == [1, 1, 1, 1]
    assert all(shown.text().startswith("FAIL") and "FINDING: " in shown.text() for shown in bad)


def test_memory_of_a_short_run_is_not_judged() -> None:
    growing = [float(number) for number in range(100)]
    assert _shown(seconds=5.0, samples_mib=growing).findings == []


def test_what_the_gateway_logs_as_its_own_errors_is_told_once() -> None:
    assert logged_defects(LOG) == [
        "the gateway logged: asyncio: Exception in callback <bound method A.b of <A object at 0x…>>",
        "the gateway logged: penstock: unhandled error while answering POST /v1/embeddings",
    ]


def test_a_short_mixed_load_leaves_nothing_behind() -> None:
    shown = soak.run(seconds=5.0, clients=16)
    assert shown.tally.done.total() > 100
    # Memory has no slope to speak of in so short a run, and a busy machine may answer late: the long run judges those.
    assert left_behind(shown.before, shown.after) == []
    assert shown.defects == []
    assert [finding for finding in shown.tally.findings if "not ended" in finding] == []

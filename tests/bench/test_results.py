from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bench import results
from bench.results import Report, Row

ROW = Row(gateway="envoy", scenario="unary_0.6k", metric="errors", unit="1", value=1, low=0, high=2, rounds=[0, 1, 2])
REPORT = Report(
    date="2026-11-23", rounds=3, seconds=1.0, machine={"cpu": "x"}, versions={"envoy": "1"}, left_out={}, rows=[ROW]
)


def test_a_report_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "results" / "latest.json"
    results.write(REPORT, path)
    assert results.read(path) == REPORT


def test_an_unknown_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    path.write_bytes(msgspec.json.encode({**msgspec.to_builtins(REPORT), "surprise": 1}))
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        results.read(path)


def test_find_returns_the_row_or_none() -> None:
    assert REPORT.find("envoy", "unary_0.6k", "errors") is ROW
    assert REPORT.find("envoy", "stream", "errors") is None


def test_every_metric_has_a_unit() -> None:
    not_metrics = {"PROCESS", "LATEST", "ROUTES", "UNITS"}
    metrics = {value for name, value in vars(results).items() if name.isupper() and name not in not_metrics}
    assert metrics == results.UNITS.keys()


@pytest.mark.skipif(not results.LATEST.exists(), reason="no run is kept yet")
def test_the_kept_report_is_of_the_present_schema_and_names_its_rows_well() -> None:
    report = results.read(results.LATEST)
    for row in report.rows:
        assert row.unit == results.UNITS[row.metric]
        assert row.low <= row.value <= row.high

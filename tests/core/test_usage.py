"""Counts of one attempt that come in several reports."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.usage import UNREPORTED, Usage, later_counts

COUNTS = st.none() | st.integers(0, 9)
USAGES = st.builds(Usage, *[COUNTS for _ in msgspec.structs.fields(Usage)])


@given(USAGES, USAGES)
def test_a_later_report_wins_field_by_field_and_takes_nothing_back(earlier: Usage, later: Usage) -> None:
    merged = msgspec.structs.asdict(later_counts(earlier, later))
    for name, count in merged.items():
        said = getattr(later, name)
        assert count == (getattr(earlier, name) if said is None else said)


@given(USAGES)
def test_no_report_changes_nothing(usage: Usage) -> None:
    assert later_counts(usage, UNREPORTED) == usage == later_counts(UNREPORTED, usage)

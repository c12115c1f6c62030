"""Losses, summarised for a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.loss import Loss, LossKind, summarise
from penstock.transport.http_syntax import header_block

KINDS: st.SearchStrategy[LossKind] = st.sampled_from(["dropped", "approximated", "moved", "clamped"])
LOSSES = st.lists(st.builds(Loss, path=st.text(max_size=30), kind=KINDS, why=st.text(max_size=10)), max_size=40)


def test_each_loss_is_named_with_its_place_and_without_its_reason() -> None:
    losses = [Loss("$.seed", "dropped", "not supported"), Loss("$.messages[2]", "moved", "stands first")]
    assert summarise(losses) == "dropped $.seed; moved $.messages[2]"
    assert summarise([]) == ""


@pytest.mark.parametrize("limit_chars", [20, 512])
def test_a_long_summary_is_cut_where_it_says_so(limit_chars: int) -> None:
    summary = summarise(
        [Loss(f"$.messages[{number}].name", "dropped", "") for number in range(100)], limit_chars=limit_chars
    )
    assert len(summary) == limit_chars
    assert summary.endswith("...")


@given(LOSSES)
def test_a_summary_always_fits_a_header(losses: list[Loss]) -> None:
    summary = summarise(losses)
    assert len(summary) <= 512
    assert header_block([(b"x-penstock-losses", summary.encode("ascii"))]).count(b"\r\n") == 1

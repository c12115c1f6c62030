from __future__ import annotations

import pytest

from bench import many_streams
from bench.many_streams import ManyStreams


def test_hundreds_of_slow_streams_are_open_together_and_every_one_comes_whole() -> None:
    shown = many_streams.run(300, events=8, gap_s=0.4, ramp_per_s=300)
    assert shown.first_error == ""
    assert shown.good, shown.text()
    assert shown.events == shown.expected_events == 300 * 10
    assert 0 < shown.kib_per_stream < 256, "memory of a stream is bounded"


@pytest.mark.parametrize(
    "changes",
    [{"whole": 9}, {"errors": 1}, {"events": 99}, {"open_at_once": 9}],
    ids="".join,
)
def test_one_stream_short_of_all_is_a_failure(changes: dict[str, int]) -> None:
    shown = ManyStreams(asked_for=10, streams=10, whole=10, open_at_once=10, events=100, expected_events=100)
    assert shown.good
    for name, value in changes.items():
        setattr(shown, name, value)
    assert not shown.good
    assert shown.text().startswith("FAIL")


def test_a_run_that_was_made_smaller_says_so() -> None:
    shown = ManyStreams(asked_for=10_000, streams=9_968)
    assert "of 10,000: the limit of open files" in shown.text()


def test_streams_shorter_than_the_time_to_open_them_are_refused() -> None:
    with pytest.raises(ValueError, match="last longer"):
        many_streams.run(1000, events=2, gap_s=0.1, ramp_per_s=100)

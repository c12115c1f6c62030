"""When a credential is fetched again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.upstream_auth.refresh_policy import RefreshPolicy

POLICY = RefreshPolicy()
chances = st.floats(0, 1, exclude_max=True)
lives = st.floats(min_value=0.001, max_value=10_000_000)


def test_an_hour_is_used_but_for_its_last_three_and_a_half_minutes() -> None:
    assert POLICY.after_success(3600, 0.0) == 3600 - 210


def test_a_short_life_is_used_but_for_its_last_quarter() -> None:
    assert POLICY.after_success(60, 0.0) == 45


@given(lives, chances)
def test_a_credential_is_renewed_in_its_life_unless_that_would_be_too_often(remaining_s: float, chance: float) -> None:
    wait_s = POLICY.after_success(remaining_s, chance)
    assert wait_s >= POLICY.pause_s
    assert wait_s < remaining_s or wait_s == POLICY.pause_s


@given(lives, chances)
def test_the_same_token_given_again_and_again_makes_a_bounded_number_of_fetches(
    remaining_s: float, chance: float
) -> None:
    fetches = 0
    while remaining_s > 0:
        remaining_s -= POLICY.after_success(remaining_s, chance)
        fetches += 1
    assert fetches <= 10


@given(st.integers(1, 10_000), chances)
def test_waits_after_failures_grow_to_a_bound_and_are_never_zero(failures: int, chance: float) -> None:
    wait_s = POLICY.after_failure(failures, chance)
    assert POLICY.first_retry_s / 2 <= wait_s <= POLICY.longest_retry_s
    assert POLICY.after_failure(failures + 1, chance) >= wait_s


def test_the_waits_double() -> None:
    assert [POLICY.after_failure(n, 0.0) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_chance_spreads_the_workers_of_a_gateway() -> None:
    assert POLICY.after_success(3600, 0.9) < POLICY.after_success(3600, 0.1)
    assert POLICY.after_failure(3, 0.9) < POLICY.after_failure(3, 0.1)

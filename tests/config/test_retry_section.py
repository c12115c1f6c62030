"""``retry`` and ``timeouts``: their defaults are those of the snapshot."""

from __future__ import annotations

from penstock.config.compile_models import build_retry, build_rule_timeouts
from penstock.config.retry_section import RetrySection, RuleTimeoutsSection
from penstock.relay.snapshot import Retry, RuleTimeouts


def test_what_is_not_said_is_as_the_snapshot_has_it() -> None:
    assert build_retry(RetrySection()) == Retry()
    assert build_rule_timeouts(RuleTimeoutsSection()) is None


def test_what_is_said_arrives() -> None:
    section = RetrySection.model_validate({"attempts": 3, "statuses": [500], "on": ["reset"], "backoff_s": 1})

    assert build_retry(section) == Retry(
        attempts=3, statuses=frozenset({500}), causes=frozenset({"reset"}), backoff_s=1
    )
    assert build_rule_timeouts(RuleTimeoutsSection.model_validate({"idle_s": 2})) == RuleTimeouts(idle_s=2)

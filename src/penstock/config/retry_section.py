"""``retry`` and ``timeouts`` of models, rules and what is passed on: how often and how long targets are tried.

Documented as the rest of the file is (:mod:`penstock.config.document`). Defaults are those of
:mod:`penstock.relay.snapshot`.
"""

from __future__ import annotations

from pydantic import Field

from penstock.config.fields import Count, Seconds, Whole
from penstock.config.section import Section
from penstock.relay.snapshot import Retry, RetryCause


class RetrySection(Section):
    """When another target is tried, as long as the caller has nothing of an answer yet.

    Always when a backend refuses the gateway's credential.
    """

    attempts: Count | None = Field(
        None,
        description="Tries of all targets together. Default: each once, and an only target again if unreachable.",
    )
    per_priority: Count | None = Field(
        None,
        description="Tries of the targets of one priority before those of the next. Default: each of them once.",
    )
    statuses: list[Whole] = Field(
        default_factory=lambda: sorted(Retry().statuses), description="Statuses of answers that are not an answer."
    )
    on: list[RetryCause] = Field(
        default_factory=lambda: sorted(Retry().causes), description="Further causes: why there was no answer."
    )
    backoff_s: Seconds = Field(
        Retry().backoff_s, description="Longest wait before a target is tried again; doubled for each round."
    )
    backoff_max_s: Seconds = Field(Retry().backoff_max_s, description="The longest of these waits.")


class RuleTimeoutsSection(Section):
    """Waits of a rule, instead of the backends' own."""

    total_s: Seconds | None = Field(None, description="All attempts together, the end of a stream included.")
    attempt_s: Seconds | None = Field(None, description="One attempt, until the head of its answer.")
    idle_s: Seconds | None = Field(None, description="Longest pause inside an answer.")

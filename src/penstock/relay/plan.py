"""What one attempt is to be: which target, by which name, within which waits."""

from __future__ import annotations

from typing import NamedTuple

from penstock.relay.snapshot import Target
from penstock.transport.upstream_answer import ExchangeTimeouts


class Plan(NamedTuple):
    """One attempt, before it begins."""

    target: Target
    upstream_model: str
    timeouts: ExchangeTimeouts
    retry_statuses: frozenset[int]
    """For these the caller gets no answer, since another target will be tried."""

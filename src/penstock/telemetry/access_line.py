"""What is recorded of one exchange for the access log, and how a line looks unless a format says otherwise.

Declarations alone; lines are written by :mod:`penstock.telemetry.access_log`.
"""

from __future__ import annotations

import msgspec

from penstock.core.loss import Loss
from penstock.core.usage import Usage


class AccessLine(msgspec.Struct, omit_defaults=True, gc=False):
    """What is logged of one exchange. Absent fields were not reached, or do not apply."""

    time: str
    request_id: str
    outcome: str
    status: int
    method: str
    path: str
    peer: str
    duration_ms: float
    request_bytes: int
    response_bytes: int
    client_key: str | None = None
    endpoint: str | None = None
    model: str | None = None
    backend: str | None = None
    provider: str | None = None
    upstream_model: str | None = None
    upstream_status: int | None = None
    stream: bool = False
    first_byte_ms: float | None = None
    first_event_ms: float | None = None
    events: int = 0
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    losses: tuple[Loss, ...] = ()
    error_code: str | None = None
    error: str | None = None
    detail: str | None = None
    fault: str | None = None
    failed_attempts: tuple[tuple[str, str], ...] = ()
    """Backend and error code of each attempt before the one that decided."""
    unknown: tuple[str, ...] = ()
    """Words of the upstream that are in no table of ours."""

"""What the admin listener says of the process, or of all workers together: the shapes of its JSON.

Who fills them in is the composition root's business.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

import msgspec

WorkerState = Literal["starting", "serving", "draining", "waiting"]
"""``waiting``: it has died, and the time until it is started again is not over."""


def write_time(unix_s: float) -> str:
    """Write a time as RFC 3339 in UTC, in whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


class ReloadRefused(msgspec.Struct, kw_only=True):
    """Why the newest configuration is not in use."""

    at: str
    message: str


class ConfigurationReport(msgspec.Struct, kw_only=True):
    """``GET /config``: what is in use, since when, and what became of later versions."""

    version: str
    """Names the contents of the files; equal contents have equal versions on every machine."""
    source: str
    loaded_at: str
    backends: int = 0
    models: int = 0
    client_keys: int = 0
    listeners: tuple[str, ...] = ()
    """Where callers connect: base URLs, and Unix sockets."""
    needs_restart: tuple[str, ...] = ()
    """Settings of the version in use that only a restart puts in place."""
    reloads: int = 0
    refused: int = 0
    last_error: ReloadRefused | None = None
    """None again as soon as a reload was accepted."""


class WorkerReport(msgspec.Struct, kw_only=True):
    """One worker process."""

    worker: int
    pid: int | None
    state: WorkerState
    since: str
    restarts: int
    """How often it has been replaced after it died."""
    last_end: str | None = None
    """How it ended the last time."""


class Readiness(msgspec.Struct, kw_only=True):
    """``GET /ready``: whether callers should be sent here, and if not, why not."""

    ready: bool
    configuration: str
    reasons: tuple[str, ...] = ()
    models_without_target: tuple[str, ...] = ()
    """Models none of whose backends has a credential to send."""
    workers: tuple[WorkerReport, ...] | None = None
    """None where one process does it all."""
    listeners: tuple[str, ...] = ()
    """Where callers connect."""


class Health(msgspec.Struct, kw_only=True):
    """``GET /health``: the process lives and answers."""

    status: str
    version: str
    configuration: str
    models: int


def judge(
    configuration: ConfigurationReport,
    *,
    draining: bool,
    models_without_target: Sequence[str],
    workers: Sequence[WorkerReport] | None = None,
) -> Readiness:
    """Say whether callers should be sent here."""
    reasons = ["draining"] if draining else []
    if workers is not None and not any(worker.state == "serving" for worker in workers):
        reasons.append("no worker serves")
    if models_without_target:
        reasons.append("models without a usable target")
    return Readiness(
        ready=not reasons,
        configuration=configuration.version,
        reasons=tuple(reasons),
        models_without_target=tuple(models_without_target),
        workers=None if workers is None else tuple(workers),
        listeners=configuration.listeners,
    )

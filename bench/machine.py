"""The machine that measures: which core does what, how many files one process may open, and how to describe it.

Reads ``/proc`` and ``/sys``; changes nothing but this process' own soft limit.
"""

from __future__ import annotations

import os
import platform
import resource
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SPARE_FILES = 64
"""Descriptors that a server needs besides its connections: libraries, log, event loop, listeners."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where."""

    gateway: int
    upstream: int
    client: int


def plan_cores(available: set[int]) -> Cores:
    """Give the gateway a core of its own where there are two; with three the mock upstream gets one too."""
    first, *others = sorted(available)
    client = others[0] if others else first
    return Cores(gateway=first, upstream=others[1] if len(others) > 1 else client, client=client)


@cache
def cores() -> Cores:
    """Plan for the cores that this process may use when it is first asked."""
    return plan_cores(os.sched_getaffinity(0))


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one (children inherit it) and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def streams_that_fit(wanted: int, file_limit: int) -> int:
    """Return how many streams one gateway process can hold: each takes two sockets."""
    return min(wanted, (file_limit - SPARE_FILES) // 2)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _memory_gib() -> str:
    kib = int(Path("/proc/meminfo").read_text().split("MemTotal:", 1)[1].split()[0])
    return f"{kib / 1024 / 1024:.0f} GiB"


def describe() -> dict[str, str]:
    """Return what a reader needs to know of this machine to judge a figure."""
    plan = cores()
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": _memory_gib(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "placement": f"gateway on core {plan.gateway}, mock upstream on {plan.upstream}, client on {plan.client}",
        "load_before": f"{os.getloadavg()[0]:.2f}",
    }

"""What the process itself uses: memory, processor time, open files, from ``/proc`` where there is one."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_SELF = Path("/proc/self")


def resident_bytes() -> int:
    """Return the resident set size now (its peak, where the system tells no more)."""
    try:
        return int((_SELF / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def cpu_seconds() -> float:
    """Return user and system time used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_files() -> int:
    """Return the number of open file descriptors; 0 where the system does not tell."""
    try:
        return sum(1 for _ in (_SELF / "fd").iterdir())
    except OSError:
        return 0


def raise_file_limit() -> int:
    """Raise the limit of open files to what the system allows this process; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return soft
    return hard

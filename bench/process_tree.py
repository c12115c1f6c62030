"""What a process and all its descendants use, read from ``/proc`` (Linux; proc(5), read 2026-11-23).

CPU time is user + system of every thread, of every living descendant, and of the children that a process has already
waited for. It comes in clock ticks (10 ms as a rule), so measure over seconds. Starting and ending processes is
``bench.spawn``'s business.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PPID_FIELD, UTIME_FIELD, CSTIME_FIELD = 1, 11, 14
"""Places in ``/proc/<pid>/stat`` counted from the state, which is the first field after the command's name."""


@dataclass(frozen=True, slots=True)
class Stat:
    """The part of ``/proc/<pid>/stat`` that is of use here."""

    parent: int
    cpu_ticks: int
    """Own threads, and children that have been waited for."""


def parse_stat(text: str) -> Stat:
    """Read a stat line; the command's name stands in brackets and may itself hold blanks and brackets."""
    fields = text[text.rindex(")") + 1 :].split()
    ticks = fields[UTIME_FIELD : CSTIME_FIELD + 1]
    return Stat(parent=int(fields[PPID_FIELD]), cpu_ticks=sum(map(int, ticks)))


def _stats() -> dict[int, Stat]:
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = parse_stat((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def descendants(root: int, parents: dict[int, int]) -> list[int]:
    """Return ``root`` and everything below it, parents before children; ``parents`` maps each pid to its parent's."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def tree(root: int) -> list[int]:
    """Return the pids of a living process and its descendants; empty when it is gone."""
    parents = {pid: stat.parent for pid, stat in _stats().items()}
    return descendants(root, parents) if root in parents else []


def cpu_s(root: int) -> float:
    """Return the CPU seconds that the tree has used until now."""
    stats = _stats()
    pids = descendants(root, {pid: stat.parent for pid, stat in stats.items()})
    return sum(stats[pid].cpu_ticks for pid in pids if pid in stats) / TICKS_PER_S


def _status_kib(pid: int, field: str) -> int:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field + ":")), 0)


def rss_mib(root: int) -> float:
    """Return the resident memory of the tree now, in MiB; pages that processes share count once for each."""
    return sum(_status_kib(pid, "VmRSS") for pid in tree(root)) / 1024


def pss_mib(root: int) -> float:
    """Return the resident memory of the tree now, in MiB; a page that processes share counts as a part for each."""
    return sum(_pss_kib(pid) for pid in tree(root)) / 1024


def _pss_kib(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def run_s(root: int) -> float:
    """Return the CPU seconds that the living threads of the tree have used until now, to the nanosecond."""
    return sum(_run_ns(pid) for pid in tree(root)) / 1e9


def _run_ns(pid: int) -> int:
    used_ns = 0
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            used_ns += int((thread / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return used_ns


def peak_rss_mib(root: int) -> float:
    """Return the sum of each process' own highest resident memory, in MiB."""
    return sum(_status_kib(pid, "VmHWM") for pid in tree(root)) / 1024


def open_files(root: int) -> int:
    """Return how many file descriptors the tree holds."""
    return sum(_count_files(pid) for pid in tree(root))


def _count_files(pid: int) -> int:
    try:
        return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return 0

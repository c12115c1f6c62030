"""What the process uses, compared with what it is made to use."""

from __future__ import annotations

import os
import resource
from mmap import mmap
from pathlib import Path

from penstock.telemetry.process import cpu_seconds, open_files, processors, raise_file_limit, resident_bytes


def test_memory_that_is_used_shows() -> None:
    before = resident_bytes()
    with mmap(-1, 50_000_000) as fresh:  # pages that the process cannot have had before
        fresh.write(b"x" * 50_000_000)
        assert resident_bytes() - before > 40_000_000


def test_work_shows_as_processor_time() -> None:
    before = cpu_seconds()
    while cpu_seconds() - before < 0.01:
        sum(range(10_000))
    assert cpu_seconds() > before


def test_an_open_file_shows(tmp_path: Path) -> None:
    before = open_files()
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        assert open_files() == before + 2
    assert open_files() == before


def test_the_limit_of_open_files_is_raised_to_what_is_allowed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        assert raise_file_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_processors_are_those_that_the_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert processors() == len(allowed)

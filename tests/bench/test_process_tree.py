from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench import process_tree, spawn
from bench.process_tree import Stat, descendants, parse_stat

LINE = "1234 (a (b) c) S 1 1234 1234 0 -1 4194560 100 200 0 0 7 5 30 2 20 0 3 0 999 1000 10"


def test_a_stat_line_is_read_past_a_name_with_brackets_and_blanks() -> None:
    assert parse_stat(LINE) == Stat(parent=1, cpu_ticks=7 + 5 + 30 + 2)


def test_descendants_come_after_their_parents_and_strangers_not_at_all() -> None:
    parents = {10: 1, 11: 10, 12: 10, 13: 11, 20: 1, 21: 20}
    assert descendants(10, parents) == [10, 11, 12, 13]


def test_own_figures_agree_with_what_python_says_of_this_process() -> None:
    spent = time.process_time()
    assert abs(process_tree.cpu_s(os.getpid()) - sum(os.times()[:4])) <= 0.1 + (time.process_time() - spent)
    assert process_tree.rss_mib(os.getpid()) <= process_tree.peak_rss_mib(os.getpid())
    assert os.getpid() in process_tree.tree(os.getpid())


def test_open_files_are_counted(tmp_path: Path) -> None:
    before = process_tree.open_files(os.getpid())
    with (tmp_path / "one").open("w"), (tmp_path / "two").open("w"):
        assert process_tree.open_files(os.getpid()) == before + 2


def test_a_stopped_server_takes_its_children_along(tmp_path: Path) -> None:
    child = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    script = f"import subprocess, sys, time; subprocess.Popen({child}); time.sleep(60)"
    core = min(os.sched_getaffinity(0))
    with spawn.running([sys.executable, "-c", script], core=core, log=tmp_path / "log") as process:
        while len(pids := process_tree.tree(process.pid)) < 2:
            time.sleep(0.01)
        assert os.sched_getaffinity(pids[1]) == {core}
    living = subprocess.run(["ps", "-o", "stat=", "-p", str(pids[1])], capture_output=True, text=True, check=False)
    assert living.stdout.strip()[:1] in {"", "Z"}
    assert process.poll() is not None


def test_a_process_that_is_gone_has_no_tree_and_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert process_tree.tree(process.pid) == []
    assert process_tree.rss_mib(process.pid) == 0
    assert process_tree.open_files(process.pid) == 0


def test_shared_pages_are_divided_and_the_time_is_finer_than_ticks() -> None:
    pid = os.getpid()
    assert 0 < process_tree.pss_mib(pid) <= process_tree.rss_mib(pid) * 1.5
    before_s = process_tree.run_s(pid)
    sum(range(200_000))
    assert process_tree.run_s(pid) > before_s

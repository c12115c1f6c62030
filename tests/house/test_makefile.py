from __future__ import annotations

import re
import subprocess

import pytest

from scripts.repository import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_help_explains_every_target_that_is_not_a_file() -> None:
    targets = re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)

    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert [line.split()[1] for line in shown.splitlines()] == targets
    assert all(len(line.split(maxsplit=2)) == 3 for line in shown.splitlines())


def test_test_runs_only_checks_that_exist() -> None:
    checks = re.search(r"^CHECKS := (.+)$", MAKEFILE, re.MULTILINE)

    assert checks is not None
    assert set(checks[1].split()) <= set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("target", ["setup", "demo", "test", "bench", "bench-quick"])
def test_make_can_plan_what_the_readme_names(target: str) -> None:
    plan = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)

    assert plan.returncode == 0, plan.stderr


def test_ci_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci/run"

    assert "make test" in script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111

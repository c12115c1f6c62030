from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from bench import interpreter


def test_a_named_interpreter_is_used_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PYTHON", sys.executable)
    chosen = interpreter.choose()
    assert chosen.command == sys.executable
    assert platform.python_version() in chosen.build


def test_the_chosen_interpreter_finds_penstock_and_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_PYTHON", raising=False)
    chosen = interpreter.choose()
    command = [chosen.command, "-m", "penstock", "version"]
    ran = subprocess.run(command, env=chosen.environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "CPython" in chosen.build

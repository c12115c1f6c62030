"""What a terminal shows meanwhile: on a real one, a pseudo-terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest

from penstock.cli.progress import shown


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make standard error a terminal; what is written there can be read from the descriptor."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        yield ours
    os.close(ours)


def test_a_terminal_sees_what_takes_long_and_then_an_empty_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:
        with shown("reading a.yaml", first_after_s=0.01):
            said = os.read(screen, 1000).decode()
        said += os.read(screen, 1000).decode()

    assert said.startswith("\r\x1b[Kreading a.yaml: 0 s")
    assert said.endswith("\r\x1b[K")


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:
        os.set_blocking(screen, False)
        with shown("reading a.yaml", first_after_s=60):
            pass

        with pytest.raises(BlockingIOError):
            os.read(screen, 1000)


def test_a_file_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", file := StringIO())
    with shown("reading a.yaml", first_after_s=0):
        time.sleep(0.01)

    assert not file.getvalue()


def test_an_error_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:

        def fail() -> None:
            with shown("reading a.yaml", first_after_s=0.01):
                os.read(screen, 1000)
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert os.read(screen, 1000).endswith(b"\r\x1b[K")

"""What systemd would hear, on a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.app.notifier import Notifier, from_environment


@pytest.fixture
def hearing(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(20)
        yield bound


def heard(hearing: socket.socket) -> list[str]:
    return hearing.recv(4096).decode().split("\n")


async def test_it_is_told_what_happens(hearing: socket.socket) -> None:
    manager = Notifier({"NOTIFY_SOCKET": hearing.getsockname()}, os.getpid())
    manager.ready("serves")
    assert heard(hearing) == ["READY=1", "STATUS=serves"]
    before = time.monotonic_ns() // 1000
    manager.reloading()
    word, at = heard(hearing)
    assert word == "RELOADING=1"
    assert before <= int(at.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    manager.ready()
    assert heard(hearing) == ["READY=1"]
    manager.stopping()
    assert heard(hearing) == ["STOPPING=1"]


async def test_signs_of_life_come_again_and_again_once_it_is_ready(hearing: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": hearing.getsockname(), "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    manager = Notifier(environ, os.getpid())
    manager.ready()
    said = [await asyncio.to_thread(heard, hearing) for _ in range(4)]
    assert said == [["READY=1"], *[["WATCHDOG=1"]] * 3]


async def test_a_watchdog_of_another_process_is_not_ours(hearing: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": hearing.getsockname(), "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    manager = Notifier(environ, os.getpid())
    manager.ready()
    manager.stopping()
    assert [heard(hearing), heard(hearing)] == [["READY=1"], ["STOPPING=1"]]


async def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        name = f"penstock-test-{os.getpid()}"
        bound.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}, 1).stopping()
        assert heard(bound) == ["STOPPING=1"]


async def test_nobody_to_tell_is_no_error(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    from_environment().ready()
    assert not caplog.records
    Notifier({"NOTIFY_SOCKET": "/nowhere/notify"}, 1).ready()
    assert "was not told READY=1: No such file or directory" in caplog.text

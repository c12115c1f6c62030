"""The access log over real files and pipes."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from penstock.core.errors import OperatorError
from penstock.telemetry import access_log
from penstock.telemetry.access_line import AccessLine
from penstock.telemetry.access_log import AccessLog


def line(path: str = "/v1/chat/completions", detail: str | None = None) -> AccessLine:
    return AccessLine(
        "2026-11-23T00:00:00.000Z", "req_1", "done", 200, "POST", path, "127.0.0.1", 1.5, 10, 20, detail=detail
    )


@pytest.mark.parametrize("place", ["missing/log", "."])
async def test_a_file_that_cannot_be_opened_is_the_operators_mistake(tmp_path: Path, place: str) -> None:
    with pytest.raises(OperatorError, match=r"the access log .* cannot be opened"):
        AccessLog(str(tmp_path / place), asyncio.get_running_loop())


async def test_each_exchange_is_one_line_behind_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    log = AccessLog(str(path), asyncio.get_running_loop())
    for number in range(3):
        log.write(line(f"/{number}"))
    log.close()
    first, *rest = path.read_text().splitlines()
    assert first == "before"
    assert [json.loads(text)["path"] for text in rest] == ["/0", "/1", "/2"]


async def test_a_line_that_is_no_text_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AccessLog(str(path), asyncio.get_running_loop())
    for text in ("/a", "/\ud800", "/b", "/c", "\udfff", "/d"):
        log.write(line(text))
    log.close()
    assert [json.loads(text)["path"] for text in path.read_text().splitlines()] == ["/a", "/b", "/c", "/d"]
    assert log.dropped_lines == 2


async def test_lines_reach_the_file_without_more_traffic(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AccessLog(str(path), asyncio.get_running_loop())
    log.write(line("/alone"))
    while not path.read_bytes():
        await asyncio.sleep(0.01)
    assert json.loads(path.read_bytes())["path"] == "/alone"
    log.close()


async def test_a_file_that_is_truncated_under_the_log_goes_on_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AccessLog(str(path), asyncio.get_running_loop())
    for number in range(3):
        log.write(line(f"/{number}"))
        log.flush()
        while not path.read_bytes().endswith(b"\n"):
            await asyncio.sleep(0.001)
        (tmp_path / f"log.{number}").write_bytes(path.read_bytes())
        os.truncate(path, 0)
    log.close()
    assert [json.loads((tmp_path / f"log.{number}").read_bytes())["path"] for number in range(3)] == ["/0", "/1", "/2"]


async def test_a_stalled_pipe_drops_lines_and_counts_them_and_what_is_written_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "QUEUED_BUFFERS", 4)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = AccessLog(str(path), asyncio.get_running_loop())
    written = 5000
    for _ in range(written):
        log.write(line("/" + "x" * 200))
    log.flush()
    assert log.dropped_lines > 0
    os.set_blocking(reading, True)
    closing = asyncio.create_task(asyncio.to_thread(log.close))
    received = await asyncio.to_thread(_read_all, reading)
    await closing
    lines = received.splitlines()
    assert len(lines) == written - log.dropped_lines
    assert all(json.loads(text)["status"] == 200 for text in lines)


async def test_a_pipe_that_nobody_reads_any_more_costs_its_lines_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = AccessLog(str(path), asyncio.get_running_loop())
    os.close(reading)
    log.write(line())
    log.close()
    assert log.dropped_lines == 1
    assert "1 lines were lost" in caplog.text


async def test_a_full_disk_costs_lines_that_are_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog("/dev/full", asyncio.get_running_loop())
    for _ in range(5):
        log.write(line())
        log.flush()
        while log._queue.qsize():
            await asyncio.sleep(0.001)
    log.close()
    assert log.dropped_lines == 5
    assert [record.getMessage() for record in caplog.records] == [
        "access log: lines are lost: No space left on device",
        "access log: 5 lines were lost",
    ]


async def test_a_line_that_was_cut_does_not_spoil_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = [40]
    write = os.write

    def write_while_there_is_room(file: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        count = write(file, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", write_while_there_is_room)
    path = tmp_path / "log"
    log = AccessLog(str(path), asyncio.get_running_loop())
    log.write(line("/lost"))
    log.flush()
    while not log.dropped_lines:
        await asyncio.sleep(0.001)
    room[0] = 10_000
    log.write(line("/kept"))
    log.close()
    cut, kept = path.read_text().splitlines()
    assert len(cut) == 40
    assert json.loads(kept)["path"] == "/kept"
    assert "written again; 1 lines were lost" in caplog.text


async def test_lines_of_several_writers_to_one_pipe_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    logs = [AccessLog(str(path), asyncio.get_running_loop()) for _ in range(2)]
    for number in range(2000):
        logs[number % 2].write(line("/" + "x" * (number % 150)))
    os.set_blocking(reading, True)
    closing = [asyncio.create_task(asyncio.to_thread(log.close)) for log in logs]
    received = await asyncio.to_thread(_read_all, reading)
    await asyncio.gather(*closing)
    assert sum(log.dropped_lines for log in logs) == 0
    assert len([json.loads(text) for text in received.splitlines()]) == 2000


async def test_a_log_knows_that_its_file_was_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AccessLog(str(path), asyncio.get_running_loop())
    seen = [log.is_in_place()]
    path.rename(tmp_path / "log.1")
    seen.append(log.is_in_place())
    path.touch()
    seen.append(log.is_in_place())
    log.close()
    assert seen == [True, False, False]


def _read_all(reading: int) -> bytes:
    received = b""
    while data := os.read(reading, 1 << 20):
        received += data
    os.close(reading)
    return received

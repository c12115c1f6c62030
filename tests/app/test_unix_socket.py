"""Files of Unix sockets: made with their permissions, taken over when stale, and never anybody else's."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.app.unix_socket import bind_unix

LISTEN = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print(1, flush=True)"


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o777])
def test_the_file_has_its_permissions_whatever_the_mask(mode: int, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        opened = bind_unix(str(tmp_path / "s"), mode, 10)
    finally:
        os.umask(before)
    found = (tmp_path / "s").stat().st_mode
    assert (stat.S_ISSOCK(found), stat.S_IMODE(found)) == (True, mode)
    connect(tmp_path / "s")
    opened.remove()
    opened.socket.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with subprocess.Popen(
        [sys.executable, "-c", f"{LISTEN}; input()", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(OSError, match="in use") as taken:
            bind_unix(str(path), 0o600, 10)
        assert taken.value.errno == errno.EADDRINUSE
        connect(path)  # it still serves
        other.kill()
    assert path.exists()
    opened = bind_unix(str(path), 0o600, 10)
    connect(path)
    opened.remove()
    opened.socket.close()


def test_a_process_whose_queue_is_full_is_no_dead_one(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as first:
        other.bind(str(path))
        other.listen(0)
        first.connect(str(path))
        with pytest.raises(OSError, match="in use"):
            bind_unix(str(path), 0o600, 10)
        assert path.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link to a file", "dangling link"])
def test_what_is_no_socket_is_left_alone(kind: str, tmp_path: Path) -> None:
    path, other = tmp_path / "s", tmp_path / "other"
    other.write_text("precious")
    match kind:
        case "file":
            path.write_text("precious")
        case "folder":
            path.mkdir()
        case "link to a file":
            path.symlink_to(other)
        case _:
            path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError, match="a file that is no socket has this name"):
        bind_unix(str(path), 0o600, 10)
    assert os.path.lexists(path)
    assert other.read_text() == "precious"


def test_only_one_looks_at_a_time(tmp_path: Path) -> None:
    number = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_EX)
    with pytest.raises(BlockingIOError):
        bind_unix(str(tmp_path / "s"), 0o600, 10)
    os.close(number)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_has_put_in_its_place_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    opened = bind_unix(str(path), 0o600, 10)
    path.rename(tmp_path / "moved")
    path.write_text("precious")
    opened.permit(0o777)
    opened.remove()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode) != 0o777) == ("precious", True)
    path.unlink()
    opened.remove()  # nothing is there: nothing to do
    opened.permit(0o777)
    opened.socket.close()


def test_a_folder_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        bind_unix(str(tmp_path / "no" / "s"), 0o600, 10)

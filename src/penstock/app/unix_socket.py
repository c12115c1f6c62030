"""A listening Unix socket and its file: taken over when it is stale, never from a process that serves by it.

A process that was killed leaves the file of its socket behind, and no other can bind there. The file is stale when it
is a socket that refuses connections; only then is it removed. Between looking and listening another process of ours may
do the same, so both hold a lock on the directory meanwhile. Whoever connects before permissions are set is refused,
since the socket does not listen yet (unix(7), read 2026-11-23).
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A socket that listens, and the file that it was bound to."""

    socket: socket.socket
    path: str
    identity: tuple[int, int]
    """Device and inode."""

    def remove(self) -> None:
        """Remove the file, if it is still the one that was bound."""
        try:
            found = os.lstat(self.path)
            if (found.st_dev, found.st_ino) == self.identity:
                Path(self.path).unlink()
        except OSError:
            return  # somebody else has removed it, or the directory is gone

    def permit(self, mode: int) -> None:
        """Set the file's permissions, if they are others."""
        try:
            found = os.lstat(self.path)
            if (found.st_dev, found.st_ino) == self.identity and stat.S_IMODE(found.st_mode) != mode:
                Path(self.path).chmod(mode)
        except OSError:
            return


def bind_unix(path: str, mode: int, backlog: int) -> UnixSocket:
    """Listen on a Unix socket whose file has these permissions.

    Raises:
        OSError: a process serves by it (EADDRINUSE), another does the same just now (EAGAIN), something else has this
            name (EEXIST), or the file cannot be made.
    """
    with _locked(Path(path).parent):
        _remove_stale(path)
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.bind(path)
            try:
                Path(path).chmod(mode)
                opened.listen(backlog)
                found = os.lstat(path)
            except OSError:
                Path(path).unlink(missing_ok=True)
                raise
        except OSError:
            opened.close()
            raise
    return UnixSocket(opened, path, (found.st_dev, found.st_ino))


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)


def _remove_stale(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EEXIST, "a file that is no socket has this name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
            return
        except BlockingIOError:  # its queue is full: somebody listens
            pass
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

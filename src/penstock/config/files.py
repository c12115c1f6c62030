"""The files that a configuration is made of: read from disk and remembered, or given by whoever has read them.

Remembered is which files were looked at, found or not, so that they can be watched, and what they held, so that
another process can build the same configuration although the files have changed since. Watching is not done here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path

_VERSION_DIGITS = 12

Stamp = tuple[int, int, int] | None
"""Time of change (ns), size and inode of a file; None: it cannot be read. Another stamp is another content."""


def stamp(path: str) -> Stamp:
    """Return the stamp that a file has now."""
    try:
        return _stamp_of(Path(path).stat())
    except (OSError, ValueError):
        return None


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino


class Files:
    """Reads files for one run of reading a configuration."""

    def __init__(self, given: Mapping[str, bytes] | None = None) -> None:
        """Read from disk, or only what is ``given``: contents by path, as another's ``contents`` has them."""
        self._given = given
        self.contents: dict[str, bytes] = {}
        """What was read, by path."""
        self.stamps: dict[str, Stamp] = {}
        """Every file that was looked at, and its stamp then."""

    def read(self, path: Path, most_bytes: int) -> bytes:
        """Return the beginning of a file.

        Raises:
            OSError: it cannot be read.
            ValueError: no file can have this path.
        """
        name = str(path)
        self.stamps[name] = None
        if self._given is None:
            with path.open("rb") as file:
                self.stamps[name] = _stamp_of(os.fstat(file.fileno()))
                content = file.read(most_bytes)
        elif name in self._given:
            content = self._given[name]
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        self.contents[name] = content
        return content

    def check(self, path: Path) -> None:
        """Look whether a file that others will read can be read.

        Raises:
            OSError: it cannot.
            ValueError: no file can have this path.
        """
        self.stamps[str(path)] = None
        with path.open("rb") as file:
            self.stamps[str(path)] = _stamp_of(os.fstat(file.fileno()))

    def in_folder(self, path: Path, suffixes: Collection[str]) -> list[str] | None:
        """Return the paths of a folder's files with one of these suffixes, in order; None when it is no folder."""
        if self._given is not None:
            inside = [name for name in self._given if Path(name).parent == path and Path(name).suffix in suffixes]
            return sorted(inside) if inside and str(path) not in self._given else None
        if not path.is_dir():
            return None
        self.stamps[str(path)] = stamp(str(path))  # another one when a file comes or goes
        return sorted(str(each) for each in path.iterdir() if each.suffix in suffixes and each.is_file())

    def version(self) -> str:
        """Return a short name for what was read; equal contents have equal names. Nothing read: the environment."""
        if not self.contents:
            return "environment"
        digest = sha256()
        for name, content in sorted(self.contents.items()):
            digest.update(b"%b\0%d\0%b" % (os.fsencode(Path(name).name), len(content), content))
        return digest.hexdigest()[:_VERSION_DIGITS]

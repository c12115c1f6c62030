"""``penstock`` as a process of its own, the way users run it, ended by its id."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path
from typing import Any
from urllib.request import Request, urlopen

PENSTOCK = Path(get_path("scripts")) / "penstock"
BOUND_S = 30.0
"""How long anything is waited for before the test fails: a bound on hanging, not a promise of speed."""


@dataclass(frozen=True, slots=True)
class Penstock:
    """A command that runs, and what it has printed."""

    process: subprocess.Popen[bytes]
    log: Path

    def printed(self) -> str:
        """Return what it has printed to standard output and standard error so far."""
        return self.log.read_text("utf-8")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed what matches ``pattern``."""
        end = time.monotonic() + BOUND_S
        while (found := re.search(pattern, self.printed())) is None:
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < end, self.printed()
            time.sleep(0.01)
        return found

    def end(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.terminate()
        return self.process.wait(BOUND_S)


@contextmanager
def starting(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> Iterator[Penstock]:
    """Start a command; it is killed at the end of the context, if it has not ended."""
    log = folder / f"{arguments[0]}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [PENSTOCK, *arguments], env={**os.environ, **(variables or {})}, stdout=sink, stderr=sink, cwd=folder
        )
    try:
        yield Penstock(process, log)
    finally:
        process.kill()
        process.wait(BOUND_S)


def get_json(url: str) -> Any:
    """Ask for a JSON document."""
    with urlopen(url, timeout=BOUND_S) as answer:
        return json.load(answer)


def post_json(url: str, body: object) -> Any:
    """Send a JSON document and return the answer, which is one too."""
    return json.loads(post(url, body))


def post(url: str, body: object) -> str:
    """Send a JSON document and return the whole answer."""
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=BOUND_S) as answer:
        received: bytes = answer.read()
    return received.decode()

"""Start a server on one core, wait until it listens, and end it with everything it started, by pid.

Servers write to a log file, whose end is quoted when one does not come up. What a server is and how it is configured
is ``bench.gateways``' business.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import process_tree

STOP_WAIT_S = 8.0
LOG_TAIL_CHARS = 1500
POLL_S = 0.01


class DidNotStart(Exception):
    """A server ended, or was silent for too long, before it listened; the text holds the end of its log."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(found: Callable[[], bool], what: str, process: subprocess.Popen[bytes], log: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        if found():
            return
        time.sleep(POLL_S)
    tail = log.read_text(errors="replace")[-LOG_TAIL_CHARS:]
    raise DidNotStart(f"{process.args!r}: no {what} (exit code {process.poll()}):\n{tail}")


def wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path, timeout_s: float) -> None:
    """Return once the port takes connections.

    Raises:
        DidNotStart: it did not within ``timeout_s``, or the process ended.
    """

    def takes_connections() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    _wait(takes_connections, f"listener on port {port}", process, log, timeout_s)


def wait_for_port_file(path: Path, process: subprocess.Popen[bytes], log: Path, timeout_s: float) -> int:
    """Return the port that a server has chosen and written into a file.

    Raises:
        DidNotStart: there is none within ``timeout_s``, or the process ended.
    """
    _wait(lambda: path.exists() and path.read_text().isdigit(), f"port in {path}", process, log, timeout_s)
    return int(path.read_text())


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and its descendants: SIGTERM to the root, and SIGKILL to each pid that outlives the wait."""
    pids = process_tree.tree(process.pid)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in pids[1:]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def running(
    command: Sequence[str],
    *,
    core: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command pinned to a core for as long as the block lasts; its output goes to ``log``."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - no threads run here
        )
    try:
        yield process
    finally:
        stop(process)

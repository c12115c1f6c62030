"""What a service manager is told: ready, reloading, stopping, still alive (systemd's protocol).

One datagram of ``NAME=value`` lines to the socket that ``NOTIFY_SOCKET`` names; nothing is said where there is none.
``WATCHDOG_USEC`` asks for a sign of life; it is given twice as often, and by the event loop, so that a process whose
loop hangs is silent. https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html, read 2026-11-23.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""Meant for the process that was started, not for those that it starts."""

log = logging.getLogger("penstock")


class Notifier:
    """Tells the service manager how it goes, if there is one."""

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        """Talk to the socket that ``environ`` names; ``pid`` is our own."""
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        meant_for = environ.get("WATCHDOG_PID", str(pid))
        interval = environ.get("WATCHDOG_USEC", "")
        wanted = self._address and interval.isdigit() and meant_for == str(pid)
        self._sign_of_life_s = int(interval) / 2_000_000 if wanted else 0.0
        self._timer: asyncio.TimerHandle | None = None

    def ready(self, status: str = "") -> None:
        """Say that callers are served; also after a reload, whatever became of it."""
        self._tell("READY=1", *([f"STATUS={status}"] if status else []))
        if self._sign_of_life_s and self._timer is None:
            self._give_sign_of_life()

    def reloading(self) -> None:
        """Say that a reload begins; ``ready`` says that it is over."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the end has begun; it may take the grace time."""
        self._tell("STOPPING=1")

    def _give_sign_of_life(self) -> None:
        self._tell("WATCHDOG=1")
        self._timer = asyncio.get_running_loop().call_later(self._sign_of_life_s, self._give_sign_of_life)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.setblocking(False)
                sending.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("the service manager was not told %s: %s", lines[0], error.strerror)


def from_environment() -> Notifier:
    """Return what this process tells its service manager."""
    return Notifier(os.environ, os.getpid())

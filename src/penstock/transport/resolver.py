"""Names to addresses, off the event loop, remembered for a while.

``getaddrinfo`` runs in the loop's thread pool. An answer is fresh for ``refresh_s``; after that it is still used while
one refresh runs in the background, and kept when the refresh fails, because an address that worked is better than none.
Only the first look-up of a name makes a request wait.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass


@dataclass(slots=True)
class _Entry:
    addresses: list[str]
    fresh_until: float


class Resolver:
    """Addresses by host name, for one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, refresh_s: float) -> None:
        """Remember answers for ``refresh_s`` seconds."""
        self._loop = loop
        self._refresh_s = refresh_s
        self._entries: dict[str, _Entry] = {}
        self._lookups: dict[str, asyncio.Task[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Return the addresses of ``host``, in the system's order of preference.

        Raises:
            OSError: the name cannot be resolved and never was.
        """
        if _is_address(host):
            return [host]
        entry = self._entries.get(host)
        if entry is None:
            return await asyncio.shield(self._start(host))
        now = self._loop.time()
        if entry.fresh_until <= now:
            entry.fresh_until = now + self._refresh_s  # a failing name server is not asked again by each request
            self._start(host).add_done_callback(_ignore_failure)
        return entry.addresses

    def _start(self, host: str) -> asyncio.Task[list[str]]:
        task = self._lookups.get(host)
        if task is None:
            task = self._lookups[host] = self._loop.create_task(self._look_up(host))
        return task

    async def _look_up(self, host: str) -> list[str]:
        try:
            found = await self._loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            msg = f"{host!r} is no host name: {error}"
            raise OSError(msg) from error
        finally:
            del self._lookups[host]
        addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
        if addresses or host not in self._entries:
            self._entries[host] = _Entry(addresses, self._loop.time() + self._refresh_s)
        return addresses


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ignore_failure(task: asyncio.Task[list[str]]) -> None:
    """Read the result of a background refresh: its failure leaves the old addresses in use."""
    if not task.cancelled():
        task.exception()

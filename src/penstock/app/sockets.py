"""The sockets that workers accept from: one set for each, bound to the same address, kept open by the supervisor.

The system shares new connections out over the sets (``SO_REUSEPORT``, socket(7), read 2026-11-23). Since the supervisor
keeps them open, a worker that dies loses no connection that it has not accepted yet: who takes over finds them there.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from penstock.core.errors import OperatorError
from penstock.transport.server import BACKLOG, cannot_listen

Sockets = list[socket.socket]
"""One for each address that a host name stands for."""

TRIES, TRY_AGAIN_S = 20, 0.05
"""Workers whose supervisor was killed give the address up as soon as they notice: within moments."""


async def bind_for_workers(host: str, port: int, workers: int) -> list[Sockets]:
    """Return listening sockets for each worker (port 0: any free port, the same for all).

    Raises:
        OperatorError: the address is taken or cannot be bound.
    """
    for left in reversed(range(TRIES)):
        try:
            return _bind_all(host, port, workers)
        except OSError as error:
            if not left:
                raise cannot_listen(host, port, error) from error
        await asyncio.sleep(TRY_AGAIN_S)
    raise OperatorError  # not reached: the last try has returned or raised


def port_of(sockets: Sequence[Sockets]) -> int:
    """Return the port that was really bound."""
    return int(sockets[0][0].getsockname()[1])


def close_all(sockets: Sequence[Sockets]) -> None:
    """Close every socket."""
    for each in sockets:
        for bound in each:
            bound.close()


def _bind_all(host: str, port: int, workers: int) -> list[Sockets]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((family, place) for family, _, _, _, place in found))
    opened: list[Sockets] = [[] for _ in range(workers)]
    try:
        for family, place in addresses:
            with _bound(family, (place[0], port, *place[2:]), shared=False) as probe:  # refused where others listen
                port = port or int(probe.getsockname()[1])
            for each in opened:
                each.append(_bound(family, (place[0], port, *place[2:]), shared=True))
        for each in opened:
            for bound in each:
                bound.listen(BACKLOG)
    except OSError:
        close_all(opened)
        raise
    return opened


def _bound(family: int, place: tuple[object, ...], *, shared: bool) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(place)
    except OSError:
        opened.close()
        raise
    return opened

"""Listening sockets on their way from the supervisor to a worker: over a socket pair, with their numbers.

A worker is told which sockets a configuration uses; these have been sent before, so that it finds them here. They are
sent once: what a worker has, it keeps as long as a configuration uses it (``SCM_RIGHTS``, unix(7), read 2026-11-23).
"""

from __future__ import annotations

import socket
import struct

from penstock.app.sockets import Bound, Sockets

_HEAD = struct.Struct("!III")
"""The number of the bound address, how many sets follow, and how many sockets each of them has."""
_MOST_SOCKETS = 200
"""The system takes 253 at once."""

Handed = dict[int, list[Sockets]]
"""Sets of sockets, by the numbers of their addresses."""


def hand_over(end: socket.socket, bound: Bound) -> None:
    """Send the sockets of an address.

    Raises:
        OSError: the other side is gone, or the system refuses.
    """
    size = len(bound.sets[0])
    together = max(1, _MOST_SOCKETS // size)
    for first in range(0, len(bound.sets), together):
        part = bound.sets[first : first + together]
        numbers = [each.fileno() for one in part for each in one]
        socket.send_fds(end, [_HEAD.pack(bound.number, len(part), size)], numbers)


def take_over(end: socket.socket, handed: Handed) -> None:
    """Take everything that was sent so far; ``end`` must not block."""
    while True:
        try:
            head, numbers, _, _ = socket.recv_fds(end, _HEAD.size, _MOST_SOCKETS)
        except BlockingIOError:
            return
        if not head:
            return
        number, sets, size = _HEAD.unpack(head)
        sockets = [socket.socket(fileno=each) for each in numbers]
        handed.setdefault(number, []).extend(sockets[index * size : (index + 1) * size] for index in range(sets))

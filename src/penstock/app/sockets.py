"""The sockets that callers' connections come from: bound here, kept open, and handed to whoever accepts.

With several workers an address has one set of sockets for each of them, and the system shares new connections out over
the sets (``SO_REUSEPORT``, socket(7), read 2026-11-23). Since they stay open here, a worker that dies loses no
connection that it has not accepted yet: who takes over finds them there. A Unix socket cannot be shared out like that;
all workers accept from one (``unix_socket.py``).

An address is opened before any that it replaces is closed, so a configuration whose addresses cannot all be opened
changes nothing.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from penstock.app.unix_socket import UnixSocket, bind_unix
from penstock.core.errors import OperatorError
from penstock.relay.snapshot import Listener
from penstock.transport.server import BACKLOG, cannot_listen, port_of

Sockets = list[socket.socket]
"""One for each address that a host name stands for."""

TRIES, TRY_AGAIN_S = 20, 0.05
"""Workers whose supervisor was killed give the address up as soon as they notice: within moments."""
_BUSY = frozenset({errno.EADDRINUSE, errno.EAGAIN})

log = logging.getLogger("penstock")
_numbers = count(1)


@dataclass(slots=True, eq=False)
class Bound:
    """An address that is listened on."""

    number: int
    """Names these sockets, and no later ones of the same address."""
    address: str
    """As the configuration has it."""
    sets: list[Sockets]
    """One for each worker; or a single one, from which all accept."""
    file: UnixSocket | None = None
    port: int = field(init=False)
    """The port that was really bound; 0 for a Unix socket."""
    is_unix: bool = field(init=False)

    def __post_init__(self) -> None:
        """Note what closed sockets no longer tell."""
        self.port = port_of(self.sets[0])
        self.is_unix = self.sets[0][0].family == socket.AF_UNIX

    def of(self, worker: int) -> Sockets:
        """Return what a worker accepts from."""
        return self.sets[worker] if len(self.sets) > 1 else self.sets[0]

    def lent_by(self, worker: int) -> Sockets:
        """Return what others accept from while a worker is gone; nothing, where they do anyway."""
        return self.sets[worker] if len(self.sets) > 1 else []

    @property
    def url(self) -> str:
        """The address with the port that was really bound, as it stands in a URL; a Unix socket's as it is."""
        return self.address if self.is_unix else f"{self.address.rpartition(':')[0]}:{self.port}"

    def close(self) -> None:
        """Close the sockets of this process; the file of a Unix socket stays."""
        for each in self.sets:
            for bound in each:
                bound.close()

    def give_up(self) -> None:
        """Close the sockets for good: the file of a Unix socket goes first, while nobody else can have taken it."""
        if self.file is not None:
            self.file.remove()
        self.close()


class Addresses:
    """Everything that is listened on for callers."""

    def __init__(self, workers: int = 1, tries: int = 1) -> None:
        """Have sockets for so many workers; an address that is taken is tried so many times."""
        self._workers = workers
        self._tries = tries
        self.bound: dict[str, Bound] = {}

    async def open(self, listeners: Iterable[Listener]) -> dict[str, Bound]:
        """Return what ``listeners`` listen on; ``adopt`` or ``discard`` it.

        Raises:
            OperatorError: an address is taken or cannot be bound; none is open that was not before.
        """
        wanted = {each.address: each for each in listeners}
        leaving = [bound.port for address, bound in self.bound.items() if address not in wanted]
        opened: dict[str, Bound] = {}
        try:
            for address, listener in wanted.items():
                known = self.bound.get(address)
                opened[address] = known or await bind(listener, self._workers, self._tries, leaving)
        except OperatorError:
            self.discard(opened)
            raise
        return opened

    def adopt(self, opened: Mapping[str, Bound], listeners: Iterable[Listener]) -> None:
        """Listen on these addresses, and on no others any more."""
        old, self.bound = self.bound, dict(opened)
        for address, bound in old.items():
            if address not in opened:
                log.info("listens on %s no more", bound.url)
                bound.give_up()
        for address, bound in self.bound.items():
            if old and address not in old:
                log.info("listens on %s too", bound.url)
        for listener in listeners:
            file = self.bound[listener.address].file
            if file is not None:
                file.permit(listener.unix_mode)

    def discard(self, opened: Mapping[str, Bound]) -> None:
        """Close what was opened and is not used after all."""
        for address, bound in opened.items():
            if self.bound.get(address) is not bound:
                bound.give_up()

    def give_up(self) -> None:
        """Listen on nothing any more."""
        for bound in self.bound.values():
            bound.give_up()


async def bind(listener: Listener, workers: int = 1, tries: int = 1, leaving: Collection[int] = ()) -> Bound:
    """Return listening sockets for each worker (port 0: any free port, the same for all).

    ``leaving`` are ports that are ours already, and that other addresses are about to give up.

    Raises:
        OperatorError: the address is taken or cannot be bound.
    """
    for left in reversed(range(tries)):
        try:
            return await asyncio.to_thread(_bind, listener, workers, leaving)
        except OSError as error:
            if not left or error.errno not in _BUSY:
                raise cannot_listen(listener.address, error) from error
        await asyncio.sleep(TRY_AGAIN_S)
    raise OperatorError  # not reached: the last try has returned or raised


def _bind(listener: Listener, workers: int, leaving: Collection[int]) -> Bound:
    if listener.unix is not None:
        file = bind_unix(listener.unix, listener.unix_mode, BACKLOG)
        return Bound(next(_numbers), listener.address, [[file.socket]], file)
    sets = _bind_all(listener.host, listener.port, workers, is_ours=listener.port in leaving)
    return Bound(next(_numbers), listener.address, sets)


def _bind_all(host: str, port: int, workers: int, *, is_ours: bool) -> list[Sockets]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((family, place) for family, _, _, _, place in found))
    opened: list[Sockets] = [[] for _ in range(workers)]
    try:
        for family, place in addresses:
            if not is_ours:
                with _bound(family, (place[0], port, *place[2:]), shared=False) as probe:  # refused where others listen
                    port = port or int(probe.getsockname()[1])
            for each in opened:
                each.append(_bound(family, (place[0], port, *place[2:]), shared=True))
        for each in opened:
            for bound in each:
                bound.listen(BACKLOG)
    except OSError:
        _close_all(opened)
        raise
    return opened


def _close_all(sets: Sequence[Sockets]) -> None:
    for each in sets:
        for bound in each:
            bound.close()


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

"""Listen for callers of the simulator, on this machine only.

The simulator answers anybody without a key and misbehaves when it is asked to, so it takes no address that others can
reach. Its connections differ from the gateway's in one thing: they can be reset, as a crashed provider's are.
"""

from __future__ import annotations

import asyncio
import ipaddress

from penstock.core.errors import OperatorError
from penstock.simulator.app import Simulator
from penstock.simulator.performing import reset_asked
from penstock.transport.server import BACKLOG, Server
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_protocol import ServerConnection, ServerState

DEFAULT_PORT = 1980
LIMITS = ServerLimits(header_bytes=1024 * 1024, headers=2000)
"""A provider's limits are not known, so the simulator's are wider than any gateway's in front of it."""


class SimulatorConnection(ServerConnection):
    """A caller's connection that can be reset."""

    __slots__ = ()

    def break_off(self, *, visible: bool) -> None:
        """Close the connection, or reset it if the script asks for that, whatever callers can see of either."""
        super().break_off(visible=not reset_asked.get())


async def listen(simulator: Simulator, *, host: str, port: int) -> Server:
    """Serve on a loopback address (port 0: any free one).

    Raises:
        OperatorError: the address is not loopback, is taken, or cannot be bound.
    """
    check_loopback(host)
    loop = asyncio.get_running_loop()
    state = ServerState(simulator, LIMITS, loop)
    try:
        listener = await loop.create_server(
            lambda: SimulatorConnection(state), host, port, backlog=BACKLOG, reuse_address=True
        )
    except OSError as error:
        msg = f"the simulator cannot listen on {host}:{port}: {error.strerror or error}"
        raise OperatorError(msg) from error
    return Server(state, [listener], host, int(listener.sockets[0].getsockname()[1]))


def check_loopback(host: str) -> None:
    """Refuse an address that other machines can reach.

    Raises:
        OperatorError: it is no loopback address.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        msg = f"the simulator listens on loopback only (127.0.0.1, ::1 or localhost), not on {host!r}"
        raise OperatorError(msg)

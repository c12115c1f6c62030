"""One file from a URL that a caller chose, fetched so that the caller gains nothing by choosing it.

The name is resolved once, every address that it has must be one that may be connected to, and the connection goes to
the very address that was checked: a second look-up could give another. No redirect is followed, no header of the caller
is sent, nothing is remembered. Which hosts are allowed is in :mod:`penstock.core.fetch_rules`; what the bytes are is
for others to judge.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from penstock.core.errors import UpstreamFault
from penstock.core.fetch_rules import FetchRefused, FetchRules, FetchTarget
from penstock.transport.address_guard import may_connect
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.deadlines import Deadlines
from penstock.transport.outbox import Outbox
from penstock.transport.tls import client_tls
from penstock.transport.upstream_answer import OK, AnswerHead, BodyReceiver, ExchangeTimeouts

MAX_HEAD_BYTES = 32 * 1024
PLAIN = frozenset({b"", b"identity"})
Resolve = Callable[[str], Awaitable[list[str]]]
"""Host name to addresses; ``OSError`` when there are none."""


class Fetched(NamedTuple):
    """A file, and what its server says it is."""

    content_type: str
    body: bytes


async def look_up(host: str) -> list[str]:
    """Return the addresses of a host as they are now.

    Raises:
        OSError: the name cannot be resolved.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(str(error)) from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


async def fetch(
    target: FetchTarget, rules: FetchRules, *, resolve: Resolve = look_up, tls: ssl.SSLContext | None = None
) -> Fetched:
    """Fetch a file; ``tls`` stands for the system's authorities.

    Raises:
        FetchRefused: it may not be fetched, or it did not come whole.
    """
    try:
        async with asyncio.timeout(rules.timeout_s):
            connection = await _connect(target, await _checked_addresses(target, rules, resolve), tls)
            try:
                return await _get(target, rules, connection)
            finally:
                connection.close()
    except TimeoutError as error:
        msg = f"was not answered within {rules.timeout_s:g} s"
        raise FetchRefused(msg) from error


async def _checked_addresses(target: FetchTarget, rules: FetchRules, resolve: Resolve) -> list[str]:
    try:
        addresses = await resolve(target.host)
    except OSError as error:
        msg = "names a host that cannot be found"
        raise FetchRefused(msg) from error
    if not addresses or not all(may_connect(address, rules.networks) for address in addresses):
        msg = "names a host that has no public address"
        raise FetchRefused(msg)
    return addresses


async def _connect(target: FetchTarget, addresses: list[str], tls: ssl.SSLContext | None) -> UpstreamConnection:
    loop = asyncio.get_running_loop()
    deadlines, outbox = Deadlines(loop), Outbox(loop)
    cause: OSError | None = None
    for address in addresses:
        connection = UpstreamConnection(
            target.host, loop, deadlines, outbox=outbox, on_free=_never_reused, max_head_bytes=MAX_HEAD_BYTES
        )
        try:
            if target.secure:
                await connection.connect(address, target.port, tls=tls or client_tls(), server_name=target.host)
            else:
                await connection.connect(address, target.port)
        except OSError as error:
            cause = error
        else:
            return connection
    msg = "names a host that cannot be connected to"
    raise FetchRefused(msg) from cause


def _never_reused(_connection: UpstreamConnection, _reusable: bool) -> None:
    """Let the connection be closed after its one exchange."""


async def _get(target: FetchTarget, rules: FetchRules, connection: UpstreamConnection) -> Fetched:
    file = _File(rules.max_bytes)
    head = (
        f"GET {target.path} HTTP/1.1\r\nhost: {target.authority}\r\naccept: image/*, application/pdf\r\n"
        "accept-encoding: identity\r\nuser-agent: penstock\r\nconnection: close\r\n\r\n"
    )
    connection.send([head.encode("ascii")], file, ExchangeTimeouts(rules.timeout_s, rules.timeout_s, rules.timeout_s))
    return await file.whole


class _File:
    """Collects the answer, whole and bounded."""

    def __init__(self, max_bytes: int) -> None:
        self.whole: asyncio.Future[Fetched] = asyncio.get_running_loop().create_future()
        self._max_bytes = max_bytes
        self._too_large = f"names a file of more than {max_bytes} bytes"
        self._content_type = ""
        self._body = bytearray()

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        """Take the body of a plain 200; None gives the connection up."""
        problem = self._problem(head)
        if problem is not None:
            self._refuse(problem)
            return None
        self._content_type = head.fields.get(b"content-type", b"").decode("latin-1")
        return self

    def _problem(self, head: AnswerHead) -> str | None:
        if head.status != OK:
            return f"was answered with status {head.status}"
        if head.fields.get(b"content-encoding", b"").lower() not in PLAIN:
            return "was answered with a compressed body"
        return self._too_large if head.content_length > self._max_bytes else None

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Hold the piece."""
        if self.whole.done():
            return
        self._body += payload
        if len(self._body) > self._max_bytes:
            self._body.clear()
            self._refuse(self._too_large)

    def on_end(self) -> None:
        """The file is whole."""
        if not self.whole.done():
            self.whole.set_result(Fetched(self._content_type, bytes(self._body)))

    def on_failure(self, error: UpstreamFault) -> None:
        """The rest will not come."""
        if not self.whole.done():
            failure = FetchRefused("was not answered with a whole file")
            failure.__cause__ = error
            self.whole.set_exception(failure)

    def _refuse(self, reason: str) -> None:
        if not self.whole.done():
            self.whole.set_exception(FetchRefused(reason))

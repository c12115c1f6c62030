"""Everything that a snapshot needs before it can serve, but its listeners, built beside what serves now.

Whatever can fail fails here (a CA file, a log that cannot be opened, a library that is missing), and nothing has
changed then. An unchanged backend keeps its client, and so its connections. Putting it in place is the data plane's
business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.config.files import Stamp, stamp
from penstock.core.errors import OperatorError
from penstock.endpoints import all_endpoints
from penstock.identity.client_tokens import TokenKeys
from penstock.relay import snapshot as snapshots
from penstock.relay.accounting import Accounting
from penstock.relay.authorize import authorizer_of
from penstock.relay.backend_client import BackendClient
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.snapshot import Backend, Snapshot
from penstock.telemetry.access_log import AccessLog
from penstock.transport.deadlines import Deadlines
from penstock.upstream_auth.sources import CredentialSources

Making = tuple[Backend, int, tuple[Stamp, ...]]
"""What a client is made of: the backend, the bound of its answers' heads, the stamps of its TLS files."""


@dataclass(frozen=True, slots=True)
class Made:
    """A client and what it was made of; an equal making needs no new one."""

    making: Making
    client: BackendClient


@dataclass(frozen=True, slots=True)
class Prepared:
    """A snapshot that can be put in place."""

    gateway: Gateway
    made: Mapping[str, Made]
    """By backend."""
    access_log: AccessLog | None

    def clients(self) -> list[BackendClient]:
        """Return the clients of all backends."""
        return [each.client for each in self.made.values()]


@dataclass(slots=True)
class Parts:
    """What outlives snapshots: it is the same for all of them."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    sources: CredentialSources = field(default_factory=CredentialSources)
    token_keys: TokenKeys = field(default_factory=TokenKeys)
    accounting: Accounting = field(default_factory=lambda: Accounting(None, time.time))
    deadlines: Deadlines = field(init=False)

    def __post_init__(self) -> None:
        """Guard what waits by this loop's clock."""
        self.deadlines = Deadlines(self.loop)


async def prepare(snapshot: Snapshot, parts: Parts, current: Prepared | None = None) -> Prepared:
    """Build what ``snapshot`` needs and ``current`` does not have.

    Raises:
        OperatorError: something that it names cannot be used.
    """
    upstream_header_bytes = snapshot.listener.limits.upstream_header_bytes
    made: dict[str, Made] = {}
    try:
        for name, backend in snapshot.backends.items():
            known = current.made.get(name) if current else None
            made[name] = _make(backend, upstream_header_bytes, parts, known)
            await asyncio.sleep(0)  # a client with TLS takes milliseconds: requests have theirs between two
        key_sources = {each.name: parts.token_keys.source(each) for each in snapshot.token_issuers}
        access_log = _open_log(snapshot.access_log, current.access_log if current else None, parts)
    except OperatorError:
        _close_unused(made, current)
        raise
    clients = {name: each.client for name, each in made.items()}
    return Prepared(Gateway(snapshot, all_endpoints(), clients, parts.accounting, key_sources), made, access_log)


def forget(prepared: Prepared, current: Prepared | None = None) -> None:
    """Close what was prepared and is not used after all, except what ``current`` uses too."""
    _close_unused(prepared.made, current)
    access_log = prepared.access_log
    if access_log is not None and (current is None or access_log is not current.access_log):
        access_log.close()


def _make(backend: Backend, upstream_header_bytes: int, parts: Parts, known: Made | None) -> Made:
    tls = backend.tls
    files = [pem for pem in (tls.ca, tls.client_cert, tls.client_key) if isinstance(pem, str)]
    making = (backend, upstream_header_bytes, tuple(stamp(file) for file in files))
    if known is not None and known.making == making:
        return known
    authorizer = authorizer_of(backend, parts.sources)
    return Made(making, BackendClient(backend, parts.loop, parts.deadlines, upstream_header_bytes, authorizer))


def _open_log(wanted: snapshots.AccessLog, current: AccessLog | None, parts: Parts) -> AccessLog | None:
    path, line_format = wanted.path, wanted.line_format
    if current is not None and (current.path, current.line_format) == (path, line_format) and current.is_in_place():
        return current
    return AccessLog(path, parts.loop, line_format) if path else None


def _close_unused(made: Mapping[str, Made], current: Prepared | None) -> None:
    used = current.clients() if current else []
    for each in made.values():
        if each.client not in used:
            each.client.pool.close()

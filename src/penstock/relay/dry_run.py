"""What would become of a request: every decision of its life, and nothing sent to anybody.

The steps are those of a request that is served, by the same functions: path and caller, the model, its targets in their
order, and what the backend of each would be sent. Only the connections are others: they keep what they are given to
send, and give no answer, so that each target is asked. What a caller without the network cannot know is left out:
nothing is signed, and media behind URLs are not fetched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from penstock.core.errors import GatewayError, UpstreamUnreachable
from penstock.core.loss import Loss
from penstock.endpoints import all_endpoints
from penstock.relay.accounting import Accounting
from penstock.relay.answer import NO_STATUSES
from penstock.relay.attempt import attempt
from penstock.relay.backend_client import BackendClient
from penstock.relay.exchange import Exchange
from penstock.relay.life_of_a_request import Gateway
from penstock.relay.passthrough import PASSTHROUGH, pass_on
from penstock.relay.plan import Plan
from penstock.relay.snapshot import Backend, ClientKey, Model, Passage, Snapshot, Target
from penstock.routing.choose_model import name_upstream
from penstock.routing.order_targets import order_targets
from penstock.transport.client_protocol import UpstreamConnection
from penstock.transport.deadlines import Deadlines
from penstock.transport.http_request import HttpRequest
from penstock.transport.outbox import Outbox
from penstock.transport.pool import Pool, PoolSettings
from penstock.transport.resolver import Resolver
from penstock.transport.server_request import FlowControlled, HeaderList
from penstock.transport.upstream_answer import ExchangeTimeouts, HeadReceiver


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRequest:
    """A request that nobody sends; header names are in lower case."""

    method: str = "POST"
    path: str
    headers: HeaderList
    body: bytes
    client_key: str | None = None
    """The name of the key that it comes with, or of the issuer of its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryAttempt:
    """What one target's backend would be sent, or why nothing."""

    target: Target
    upstream_model: str
    """Empty where requests are passed on as they are."""
    path: str
    """Path and query; empty with an error, as the body. Where one request becomes several, the first."""
    body: bytes
    losses: tuple[Loss, ...]
    error: GatewayError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What would become of a request: an error at once, or its attempts, each made when the one before has failed."""

    model: Model | None
    attempts: tuple[DryAttempt, ...] = ()
    """In the order of priority; those of one priority in the order of the configuration."""
    error: GatewayError | None = None


def callers(snapshot: Snapshot) -> list[str]:
    """Return by what callers may be known: keys, and issuers of tokens, by their names."""
    return [*(key.name for key in snapshot.client_keys), *(issuer.name for issuer in snapshot.token_issuers)]


async def run_dry(snapshot: Snapshot, requests: Iterable[DryRequest]) -> list[Course]:
    """Return what would become of each request under ``snapshot``."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(loop)
    # Of keys only hashes are known, and of tokens who signs them: keys of our own stand in for them.
    keys = tuple(
        ClientKey(name=name, sha256=sha256(_stand_in(name)).hexdigest()) for name in dict.fromkeys(callers(snapshot))
    )
    pools = {name: _SilentPool(backend, loop, deadlines) for name, backend in snapshot.backends.items()}
    clients = {
        name: BackendClient(backend, loop, deadlines, snapshot.listener.limits.upstream_header_bytes, pool=pools[name])
        for name, backend in snapshot.backends.items()
    }
    gateway = Gateway(
        replace(snapshot, client_keys=keys, token_issuers=(), fetching=None),
        all_endpoints(),
        clients,
        Accounting(None, time.time),
    )
    return [await _follow(gateway, request, clients, pools) for request in requests]


async def _follow(
    gateway: Gateway, asked: DryRequest, clients: dict[str, BackendClient], pools: dict[str, _SilentPool]
) -> Course:
    request = _write_request(asked)
    refused = gateway.check_head(request)
    exchange = request.context
    assert isinstance(exchange, Exchange)  # noqa: S101 - check_head made it
    if refused is not None:
        return Course(model=None, error=refused)
    try:
        name, model, offering = _choose(gateway, exchange)
    except GatewayError as error:
        return Course(model=exchange.model, error=error)
    if model is None:
        return Course(model=None)
    attempts: list[DryAttempt] = []
    attempt_one = pass_on if isinstance(model, Passage) else attempt
    targets = order_targets(offering, lambda: 0.0)
    for target in targets:
        client, pool = clients[target.backend.name], pools[target.backend.name]
        upstream_model = name_upstream(model, target, name)
        failure: GatewayError | None = None
        try:
            await attempt_one(
                exchange,
                client,
                Plan(target, upstream_model, client.timeouts, NO_STATUSES),
                gateway.snapshot.listener.limits,
            )
        except _NotSent:
            pass
        except GatewayError as error:
            failure = error
        path, body = pool.take()
        attempts.append(
            DryAttempt(
                target=target,
                upstream_model=upstream_model,
                path=path,
                body=body,
                losses=exchange.losses,
                error=failure,
            )
        )
        exchange.forget_attempt("")
    return Course(model=model, attempts=tuple(attempts))


def _choose(gateway: Gateway, exchange: Exchange) -> tuple[str, Model | None, Sequence[Target]]:
    """Return the model's name as the caller has it, the rule that serves it and what may; None: it needs no target."""
    if isinstance(exchange.model, Passage):
        exchange.endpoint = PASSTHROUGH
        return "", exchange.model, exchange.model.targets
    if exchange.endpoint is None:
        return "", None, ()
    name, model = gateway.choose(exchange, exchange.endpoint)
    return name, model, gateway.offering(model, exchange.endpoint)


def _write_request(asked: DryRequest) -> HttpRequest:
    request = HttpRequest(_NoCaller(), "")
    request.method, request.body = asked.method, asked.body
    request.path, _, request.query = asked.path.partition("?")
    request.headers = list(asked.headers)
    if asked.client_key is not None:
        request.headers.append((b"authorization", b"Bearer " + _stand_in(asked.client_key)))
    request.fields = dict(request.headers)
    return request


def _stand_in(name: str) -> bytes:
    return b"key-of-" + name.encode()


class _NotSent(UpstreamUnreachable):
    """The backend was not asked, since this is not the time for it."""


class _SilentConnection(UpstreamConnection):
    """Keeps what it is to send, and sends nothing."""

    __slots__ = ("sent",)

    sent: list[bytes]

    def send(self, request: list[bytes | memoryview], receiver: HeadReceiver, timeouts: ExchangeTimeouts) -> None:
        self.sent.append(b"".join(request))
        receiver.on_failure(_NotSent("Nothing is sent."))


class _SilentPool(Pool):
    """Hands out connections to nobody."""

    def __init__(self, backend: Backend, loop: asyncio.AbstractEventLoop, deadlines: Deadlines) -> None:
        settings = PoolSettings(name=backend.name, host=backend.host, port=backend.port)
        super().__init__(settings, loop, deadlines, Resolver(loop, backend.pool.dns_refresh_s))
        self._silent = _SilentConnection(
            backend.name,
            loop,
            deadlines,
            outbox=Outbox(loop),
            on_free=_forget,
            max_head_bytes=settings.max_head_bytes,
        )
        self._silent.sent = []

    def checkout_nowait(self) -> UpstreamConnection:
        return self._silent

    def take(self) -> tuple[str, bytes]:
        """Return path and body of the first request that was to be sent since the last time; empty without one."""
        first, *_ = [*self._silent.sent, b"POST  HTTP/1.1"]
        self._silent.sent.clear()
        head, _, body = first.partition(b"\r\n\r\n")
        return head.split(b" ", 2)[1].decode("ascii"), body


def _forget(_connection: UpstreamConnection, _reusable: bool) -> None:
    """Take a connection back."""


class _NoCaller:
    """The connection of a request that came on none; nobody is told anything."""

    draining = False

    def write(self, data: bytes) -> None:
        pass

    def answered(self, request: HttpRequest) -> None:
        pass

    def break_off(self, *, visible: bool) -> None:
        pass

    async def drain(self) -> None:
        pass

    def couple(self, reader: FlowControlled | None) -> None:
        pass

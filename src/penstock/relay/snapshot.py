"""The immutable configuration that one request sees from first byte to last.

Every dialect of configuration compiles to this. A request takes the current snapshot once and consults nothing else; a
reload builds another and swaps one reference. Nothing here does I/O, and nothing is looked up by scanning when a dict
will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from penstock.core.fetch_rules import FetchRules
from penstock.core.provider import Options, Provider
from penstock.core.secret import Secret
from penstock.core.upstream_credentials import UpstreamCredentials
from penstock.identity.client_tokens import TokenIssuer
from penstock.routing.path_table import PathTable
from penstock.routing.route_table import RouteTable
from penstock.telemetry.log_format import LogFormat
from penstock.transport.forwarded import ForwardedHeader
from penstock.transport.tls import Pem

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes that bound what a caller or an upstream can make us hold."""

    body_bytes: int = 50 * MIB
    header_bytes: int = 64 * 1024
    headers: int = 200
    upstream_header_bytes: int = 64 * 1024
    inspected_answer_bytes: int = 16 * MIB
    """How much of an answer is kept to read its usage; a longer one is still relayed whole. Also how much of one may be
    held to translate it: more ends in an error."""
    event_bytes: int = 4 * MIB
    """The longest event of a stream that is held back until it is complete."""
    connections: int = 20_000
    pipelined_requests: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTimeouts:
    """Waits on the caller's side, in seconds."""

    header_s: float = 15.0
    body_s: float = 60.0
    """Longest pause while a request body, or our answer, is not moving; a body that drips has no more in all."""
    keep_alive_s: float = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendTimeouts:
    """Waits on a backend's side, in seconds."""

    connect_s: float = 10.0
    first_byte_s: float = 600.0
    """From the request sent to the head of the answer."""
    idle_s: float = 300.0
    """Longest pause inside an answer."""
    total_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """Connections to one backend."""

    connections: int = 20_000
    waiting: int = 1_000
    wait_s: float = 30.0
    """Longest wait for a connection to come free."""
    idle_connections: int = 256
    idle_s: float = 55.0
    """Below the keep-alive time of the usual servers, so that they do not close under a request."""
    dns_refresh_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTls:
    """TLS towards a backend; verification cannot be turned off."""

    ca: Pem | None = None
    client_cert: Pem | None = None
    client_key: Pem | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutations:
    """Changes that the operator wants made to requests, after translation; removals come first."""

    set_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Names in lower case; a credential may be among the values."""
    remove_headers: frozenset[str] = frozenset()
    set_body: tuple[tuple[str, bytes], ...] = ()
    """Top-level member to its JSON."""
    remove_body: frozenset[str] = frozenset()


NO_MUTATIONS = Mutations()


@dataclass(frozen=True, slots=True)
class CredentialOverride:
    """A caller may bring its own key for the provider, in this request header (lower case)."""

    header: str
    fallback: bool = True
    """Without the header the configured key is used; otherwise the request is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A configured provider: address, credential, options."""

    name: str
    provider: Provider
    scheme: str
    """``http`` or ``https``."""
    host: str
    port: int
    base_path: str
    """Path prefix without a trailing slash: ``/v1``, or empty."""
    api_key: Secret | None = None
    credentials: UpstreamCredentials | None = None
    """Instead of a key: what a cloud hands out."""
    options: Options = field(default_factory=Options)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further request headers that the operator wants sent; a credential may be among them."""
    mutations: Mutations = NO_MUTATIONS
    credential_override: CredentialOverride | None = None
    timeouts: BackendTimeouts = field(default_factory=BackendTimeouts)
    pool: PoolLimits = field(default_factory=PoolLimits)
    tls: UpstreamTls = field(default_factory=UpstreamTls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One backend and the model's name there."""

    backend: Backend
    model: str | None
    """None: the name that the caller used. Under a pattern, ``*`` in it is what the pattern's ``*`` stood for;
    :func:`penstock.routing.choose_model.name_upstream` gives the name to send."""
    weight: int = 1
    """Share of the requests among the targets of one priority; 0 is none."""
    priority: int = 0
    """Lower is tried first."""
    mutations: Mutations = NO_MUTATIONS
    """Those of the backend and those of the rule, merged; the rule's win."""


RetryCause = Literal["connect_failure", "reset", "timeout"]
"""Why there is no answer: no connection; it broke off, or what came is no answer; nothing came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTimeouts:
    """Waits of one rule, in seconds, instead of the backend's; None is the backend's."""

    total_s: float | None = None
    """All attempts together, the end of a streamed answer included."""
    attempt_s: float | None = None
    """One attempt, until the head of its answer."""
    idle_s: float | None = None
    """Longest pause inside an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When another target is tried: connection refused or broken off, no answer in time, or one of ``statuses``.

    Never once the caller has the first byte of an answer.
    """

    attempts: int | None = None
    """Tries of all targets together; None: each target once, and an only target again if it could not be reached."""
    per_priority: int | None = None
    """Tries of the targets of one priority before those of the next; None: each of them once."""
    statuses: frozenset[int] = frozenset({429, 500, 502, 503, 504, 529})
    causes: frozenset[RetryCause] = frozenset({"connect_failure", "reset", "timeout"})
    backoff_s: float = 0.1
    """Longest wait before a target is tried again; doubled for each further round."""
    backoff_max_s: float = 10.0


LossPolicy = Literal["allow", "reject"]
"""What becomes of a request that a provider cannot take as it is: sent and reported, or refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A public model name, or a pattern with ``*``, and where its requests go."""

    name: str
    targets: tuple[Target, ...]
    owned_by: str
    created: int
    """Unix seconds."""
    listed: bool = True
    losses: LossPolicy = "allow"
    retry: Retry = field(default_factory=Retry)
    timeouts: RuleTimeouts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderChanges:
    """Changes that the operator wants made to headers, names in lower case."""

    set: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    """Instead of any of that name."""
    add: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    """Beside any of that name."""
    remove: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(Model):
    """Where requests go whose path no endpoint has: to servers that get them as they are.

    It is a model as far as targets, retries and waits go.
    """

    path: str
    """A prefix by whole segments, without a slash at its end; or a whole path."""
    new_prefix: str | None = None
    """What the server has in place of ``path``."""
    new_path: str | None = None
    """The whole path that the server gets instead."""
    host: str | None = None
    """``Host`` that the server gets, instead of its address."""
    request: HeaderChanges = HeaderChanges()
    answer: HeaderChanges = HeaderChanges()
    forwards_credentials: bool = False
    """Callers' credentials and cookies go to the server, and its cookies to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A caller's key, hashed: the SHA-256 of its bytes, in hex."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTls:
    """Certificate of our own listener."""

    cert: Pem
    key: Pem


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Browser origins that may call; none by default."""

    allow_origins: tuple[str, ...] = ()
    max_age_s: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where the gateway listens for callers, and the bounds that hold there."""

    host: str = "127.0.0.1"
    port: int = 1975
    tls: ListenerTls | None = None
    cors: Cors = field(default_factory=Cors)
    limits: Limits = field(default_factory=Limits)
    timeouts: ClientTimeouts = field(default_factory=ClientTimeouts)
    allow_anonymous: bool = False
    """Serve without client keys on an address that is not loopback."""
    unix: str | None = None
    """Path of a Unix socket, instead of host and port."""
    unix_mode: int = 0o600
    """Permissions of its file."""
    proxy_protocol: bool = False
    """Every connection begins with a preamble of the PROXY protocol."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (or ``unix``) whose word about the caller's address is taken."""
    forwarded_header: ForwardedHeader = "x-forwarded-for"
    """The header that they write."""

    @property
    def address(self) -> str:
        """Where it listens, as an operator writes it."""
        if self.unix is not None:
            return f"unix:{self.unix}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """Where one line for each exchange goes: ``-`` for standard output, a file's path, or None for nowhere."""

    path: str | None = "-"
    line_format: LogFormat | None = None
    """None: JSON with our own members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that one request may consult."""

    listener: Listener
    """Its limits, waits and browsers are those of all listeners."""
    admin_host: str
    admin_port: int
    backends: Mapping[str, Backend]
    models: Mapping[str, Model]
    """By exact public name."""
    patterns: tuple[Model, ...] = ()
    """Names with ``*``, most specific first, tried in this order when no exact name fits."""
    routes: RouteTable[Model] | None = None
    """Rules by model, host and headers, looked at before names and patterns."""
    passages: PathTable[Passage] | None = None
    """What is passed on, looked at where no endpoint has the path."""
    client_keys: tuple[ClientKey, ...] = ()
    token_issuers: tuple[TokenIssuer, ...] = ()
    """Whose tokens callers may show instead of a key."""
    fetching: FetchRules | None = None
    """What may be fetched for providers that take bytes only; None is nothing."""
    access_log: AccessLog = field(default_factory=AccessLog)
    other_listeners: tuple[Listener, ...] = ()
    admin_unix: str | None = None
    """Path of a Unix socket for the admin listener, instead of host and port."""
    source: str = "defaults"
    """Where the configuration came from, for people."""

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Every place where callers connect."""
        return (self.listener, *self.other_listeners)

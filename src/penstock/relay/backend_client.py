"""A backend, ready for use: its connections, and request heads rendered once.

Everything of a request head that does not depend on the caller (request line, host, credential, fixed headers) is one
byte string per endpoint and model, so that a relayed request costs one join. An upstream credential stands only in the
heads of its own backend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from penstock.core.endpoint import Endpoint, EndpointId
from penstock.core.errors import EndpointNotOffered, Unauthenticated
from penstock.core.provider import NativeEmbeddings, fill_path
from penstock.relay.authorize import Authorizer
from penstock.relay.headers import BACKEND, travels_up
from penstock.relay.snapshot import Backend
from penstock.relay.way import Way, find_way
from penstock.transport.deadlines import Deadlines
from penstock.transport.http_syntax import header_block
from penstock.transport.pool import Pool, PoolSettings
from penstock.transport.resolver import Resolver
from penstock.transport.server_request import HeaderList
from penstock.transport.tls import client_tls
from penstock.transport.upstream_answer import ExchangeTimeouts

REMEMBERED_HEADS = 1024
DEFAULT_PORTS = {"http": 80, "https": 443}


class RenderedHead(NamedTuple):
    """How one model is served at one endpoint, and what of its request head is always the same."""

    way: Way
    lines: bytes
    target: str
    """Path and query, as sent."""
    as_it_is: bool
    """Provider and host want the body of this endpoint as callers write it."""


class BackendClient:
    """One backend of a snapshot with its pool; bound to an event loop."""

    def __init__(
        self,
        backend: Backend,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        upstream_header_bytes: int,
        authorizer: Authorizer | None = None,
        *,
        pool: Pool | None = None,
    ) -> None:
        """Prepare; nothing is connected yet. ``authorizer`` stands for a credential that is not a fixed key.

        ``pool`` is another than that of the backend's address, which then is not made.

        Raises:
            OperatorError: its TLS files cannot be used.
        """
        self.backend = backend
        self.loop = loop
        self.authorizer = authorizer
        self.answer_line = b"%b: %b\r\n" % (BACKEND, backend.name.encode("ascii", "replace"))
        """The header that tells a caller which backend answered."""
        self.secret = backend.api_key.reveal().encode("latin-1") if backend.api_key else b""
        """The key as it is sent; empty when there is none."""
        timeouts = backend.timeouts
        self.timeouts = ExchangeTimeouts(timeouts.first_byte_s, timeouts.idle_s, timeouts.total_s)
        self.pool = pool or _pool_of(backend, loop, deadlines, upstream_header_bytes)
        host = f"[{backend.host}]" if ":" in backend.host else backend.host
        self.host = host if backend.port == DEFAULT_PORTS[backend.scheme] else f"{host}:{backend.port}"
        """The ``Host`` header."""
        self._ways: dict[EndpointId, Way | None] = {}
        fixed = self._fixed_headers({"host": self.host, "content-type": "application/json"})
        override = backend.credential_override
        brought = {override.header.encode("ascii")} if override else set()
        self.fixed_names = frozenset({name for name, _ in fixed} | {backend.provider.key_header.name.lower().encode()})
        """Headers that stand in every head."""
        self.own_names = frozenset({name for name, _ in fixed if travels_up(name)} | brought)
        """Headers that the provider or the operator has set, and a caller therefore cannot."""
        self.default_headers = tuple(
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in backend.provider.default_headers.items()
        )
        """Headers of requests whose caller does not send them."""
        self._fixed_lines = header_block(fixed)
        plain = self._fixed_headers({"host": self.host})
        self._plain_headers = [item for item in plain if item[0] != b"host"]
        has_key = backend.api_key is not None or authorizer is not None or override is not None
        own_key = {backend.provider.key_header.name.lower().encode()} if has_key else set()
        self.plain_names = frozenset({name for name, _ in plain} | own_key | brought)
        """Headers that stand in every head of a request that is passed on unread, or that hold a key."""
        self._heads: dict[tuple[EndpointId, str, bool], RenderedHead] = {}

    @property
    def usable(self) -> bool:
        """Whether there is a credential to send, or none is needed."""
        return self.authorizer is None or self.authorizer.available

    def way(self, endpoint: Endpoint) -> Way | None:
        """Return how the backend serves this endpoint, or None when it does not."""
        if endpoint.id not in self._ways:
            self._ways[endpoint.id] = find_way(self.backend.provider, self.backend.options, endpoint)
        return self._ways[endpoint.id]

    def head(self, endpoint: Endpoint, model: str, *, stream: bool) -> RenderedHead:
        """Return how to serve, with the request line and our own headers, for the caller's headers to follow.

        Raises:
            EndpointNotOffered: the backend does not serve this endpoint.
        """
        place = (endpoint.id, model, stream)
        known = self._heads.get(place)
        if known is not None:
            return known
        way = self.way(endpoint)
        if way is None:
            provider = self.backend.provider
            msg = f"{provider.title} (backend '{self.backend.name}') does not offer {endpoint.path}."
            raise EndpointNotOffered(msg, param="model")
        template = way.stream_path if stream else way.path
        if way.embeddings:
            template = self.embeddings_of(model).path
        path = self.backend.base_path + fill_path(template, way.model_in_path(model), self.backend.options)
        head = b"POST %b HTTP/1.1\r\n%b" % (path.encode("ascii"), self._fixed_lines)
        if len(self._heads) >= REMEMBERED_HEADS:
            self._heads.clear()
        provider = self.backend.provider
        changed = way.splices or (way.quirks_of is not None and provider.request_quirks)
        asked = stream and provider.stream_usage == "on_request"
        rendered = self._heads[place] = RenderedHead(way, head, path, as_it_is=not changed and not asked)
        return rendered

    def plain_head(self, method: str, target: str, host: str | None) -> bytes:
        """Return the request line and our own headers of a request that is passed on unread.

        ``target``: path and query, as sent; ``host``: another ``Host`` than the address.
        """
        named = header_block([(b"host", (host or self.host).encode("ascii")), *self._plain_headers])
        return b"%b %b HTTP/1.1\r\n%b" % (method.encode("ascii"), target.encode("ascii"), named)

    def embeddings_of(self, model: str) -> NativeEmbeddings:
        """Return the provider's embeddings API for a model.

        Raises:
            EndpointNotOffered: it makes no vectors.
        """
        provider = self.backend.provider
        found = provider.native_embeddings(model) if provider.native_embeddings else None
        if found is None:
            msg = f"{provider.title} (backend '{self.backend.name}') does not offer embeddings with this model."
            raise EndpointNotOffered(msg, param="model")
        return found

    def key_line(self, header: Callable[[bytes], bytes | None]) -> bytes:
        """Return the line of the key for one request, where callers may bring their own; else nothing.

        Raises:
            Unauthenticated: the request brings none, and the configured one is not for it.
        """
        override = self.backend.credential_override
        if override is None:
            return b""
        brought = header(override.header.encode("ascii"))
        name = self.backend.provider.key_header.name.lower()
        if brought:
            return header_block([(name.encode("ascii"), self._key_value(brought.decode("latin-1")).encode("latin-1"))])
        if not override.fallback:
            msg = f"The request brings no key for the provider: send it in the header '{override.header}'."
            raise Unauthenticated(msg, code="missing_upstream_credential")
        key = self.backend.api_key
        if key is None:
            return b""
        return header_block([(name.encode("ascii"), self._key_value(key.reveal()).encode("latin-1"))])

    def _key_value(self, key: str) -> str:
        return self.backend.provider.key_header.prefix + key

    def _fixed_headers(self, usual: Mapping[str, str]) -> HeaderList:
        """Return the headers of every request: the usual ones, and those of provider and operator, which win."""
        backend = self.backend
        lines = dict(usual)
        lines |= {name.lower(): value for name, value in {**backend.provider.headers, **backend.headers}.items()}
        if backend.api_key and backend.credential_override is None:
            lines[backend.provider.key_header.name.lower()] = self._key_value(backend.api_key.reveal())
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in lines.items()]


def _pool_of(
    backend: Backend, loop: asyncio.AbstractEventLoop, deadlines: Deadlines, upstream_header_bytes: int
) -> Pool:
    pool, tls = backend.pool, backend.tls
    context = None
    if backend.scheme == "https":
        context = client_tls(ca=tls.ca, cert=tls.client_cert, key=tls.client_key)
    settings = PoolSettings(
        name=backend.name,
        host=backend.host,
        port=backend.port,
        tls=context,
        server_name=tls.server_name,
        connect_s=backend.timeouts.connect_s,
        connections=pool.connections,
        waiting=pool.waiting,
        wait_s=pool.wait_s,
        idle_connections=pool.idle_connections,
        idle_s=pool.idle_s,
        max_head_bytes=upstream_header_bytes,
    )
    return Pool(settings, loop, deadlines, Resolver(loop, pool.dns_refresh_s))

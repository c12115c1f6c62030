"""The admin listener's first pages: does it live, should callers be sent here, what is configured, what does it count.

``GET /health``, ``/ready``, ``/config`` and ``/metrics``. They are served on a listener of their own, never on the data
port. What they say is asked of a :class:`Sources`, since one process and many workers know it differently.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from penstock.admin.reports import ConfigurationReport, Health, Readiness
from penstock.core.errors import GatewayError, MethodNotAllowed, UnknownPath
from penstock.telemetry.readings import CONTENT_TYPE, Reading, render
from penstock.transport.server_request import HeaderList, ServerRequest
from penstock.wire.openai_errors import render_error


class Page(NamedTuple):
    """An answer."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Sources(Protocol):
    """Who knows what the pages say."""

    def health(self) -> Health:
        """Say that this process lives."""
        ...

    async def readiness(self) -> Readiness:
        """Say whether callers should be sent here."""
        ...

    def configuration(self) -> ConfigurationReport:
        """Say what is configured."""
        ...

    async def readings(self) -> Sequence[Reading]:
        """Return every metric."""
        ...


class AdminPages:
    """The application behind the admin listener."""

    def __init__(self, sources: Sources) -> None:
        """Show what ``sources`` know."""
        self._sources = sources
        self._pages: Mapping[str, Callable[[], Awaitable[Page]]] = {
            "/health": self._health,
            "/ready": self._ready,
            "/config": self._config,
            "/metrics": self._metrics,
        }

    async def _health(self) -> Page:
        return Page(200, msgspec.json.encode(self._sources.health()))

    async def _ready(self) -> Page:
        readiness = await self._sources.readiness()
        return Page(200 if readiness.ready else 503, msgspec.json.encode(readiness))

    async def _config(self) -> Page:
        return Page(200, msgspec.json.encode(self._sources.configuration()))

    async def _metrics(self) -> Page:
        return Page(200, render(await self._sources.readings()).encode(), CONTENT_TYPE)

    def check_head(self, request: ServerRequest) -> GatewayError | None:
        """Refuse unknown paths and methods that change something."""
        if request.path not in self._pages:
            return UnknownPath(f"No admin page has the path {request.path[:200]}. Pages: {', '.join(self._pages)}.")
        if request.method not in {"GET", "HEAD"}:
            return MethodNotAllowed(f"{request.path} takes GET and HEAD.", headers=(("allow", "GET, HEAD"),))
        return None

    async def handle(self, request: ServerRequest) -> None:
        """Answer with the page."""
        page = await self._pages[request.path]()
        headers: HeaderList = [(b"content-type", page.content_type.encode()), (b"cache-control", b"no-store")]
        request.respond(page.status, headers, page.body)

    def render_error(self, error: GatewayError, request: ServerRequest | None) -> tuple[HeaderList, bytes]:
        """Render an error as JSON."""
        headers: HeaderList = [(b"content-type", b"application/json")]
        headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in error.headers]
        return headers, render_error(error, "")

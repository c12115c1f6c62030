"""The admin listener's first pages: is the process alive, and what does it count.

``GET /health`` and ``GET /metrics``. They are served on a listener of their own, never on the data port.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from penstock.core.errors import GatewayError, MethodNotAllowed, UnknownPath
from penstock.telemetry.metrics import CONTENT_TYPE
from penstock.transport.server_request import HeaderList, ServerRequest
from penstock.wire.openai_errors import render_error

Page = tuple[bytes, str]
"""Body and content type."""


class AdminPages:
    """The application behind the admin listener."""

    def __init__(self, health: Callable[[], bytes], metrics: Callable[[], str]) -> None:
        """``health`` returns a JSON body, ``metrics`` an exposition."""
        self._pages: Mapping[str, Callable[[], Page]] = {
            "/health": lambda: (health(), "application/json"),
            "/metrics": lambda: (metrics().encode(), CONTENT_TYPE),
        }

    def check_head(self, request: ServerRequest) -> GatewayError | None:
        """Refuse unknown paths and methods that change something."""
        if request.path not in self._pages:
            return UnknownPath(f"No admin page has the path {request.path[:200]}. Pages: {', '.join(self._pages)}.")
        if request.method not in {"GET", "HEAD"}:
            return MethodNotAllowed(f"{request.path} takes GET and HEAD.", headers=(("allow", "GET, HEAD"),))
        return None

    async def handle(self, request: ServerRequest) -> None:
        """Answer with the page."""
        body, content_type = self._pages[request.path]()
        headers: HeaderList = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        request.respond(200, headers, body)

    def render_error(self, error: GatewayError, request: ServerRequest | None) -> tuple[HeaderList, bytes]:
        """Render an error as JSON."""
        headers: HeaderList = [(b"content-type", b"application/json")]
        headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in error.headers]
        return headers, render_error(error, "")

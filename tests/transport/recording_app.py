"""An application for the server under test: notes what it is asked, and answers as the test says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from penstock.core.errors import GatewayError, UnknownPath
from penstock.transport.server_request import HeaderList, ServerRequest

Handler = Callable[[ServerRequest], Awaitable[None]]
Check = Callable[[ServerRequest], GatewayError | None]


@dataclass(frozen=True)
class Asked:
    """What a request said."""

    method: str
    path: str
    query: str
    http_minor: int
    headers: HeaderList
    body: bytes


async def count(request: ServerRequest) -> None:
    """Answer with the size of the body."""
    request.respond(200, [(b"content-type", b"text/plain")], b"%d bytes" % len(request.body))


def let_in(request: ServerRequest) -> GatewayError | None:
    """Refuse nothing."""
    return None


def send_away(request: ServerRequest) -> GatewayError | None:
    """Refuse every head."""
    return UnknownPath("not here")


class RecordingApp:
    """Serves every path by one handler."""

    def __init__(self, handler: Handler = count, check: Check = let_in) -> None:
        self.handler = handler
        self.check = check
        self.asked: list[Asked] = []
        self.refused: list[GatewayError] = []

    def check_head(self, request: ServerRequest) -> GatewayError | None:
        return self.check(request)

    async def handle(self, request: ServerRequest) -> None:
        self.asked.append(
            Asked(request.method, request.path, request.query, request.http_minor, request.headers, request.body)
        )
        await self.handler(request)

    def render_error(self, error: GatewayError, request: ServerRequest | None) -> tuple[HeaderList, bytes]:
        self.refused.append(error)
        return [(b"content-type", b"text/plain")], error.code.encode()

"""Handlers that a test steers, and who stands in for an upstream that can be paused."""

from __future__ import annotations

import asyncio

from penstock.transport.server_request import ServerRequest


class Gate:
    """A handler that answers when it is let."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []
        self.cancelled = 0

    async def __call__(self, request: ServerRequest) -> None:
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        request.respond(200, [], request.path.encode())

    def let(self) -> None:
        self.waiting.pop(0).set_result(None)


class Reader:
    """Stands in for an upstream connection that can be paused."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

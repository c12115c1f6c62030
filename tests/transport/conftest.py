"""Every test of the transport runs on both event loops; servers that a test starts are cut at its end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import uvloop

from penstock.transport.server import Server, listen
from penstock.transport.server_limits import ServerLimits
from tests.transport.recording_app import RecordingApp

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
Serve = Callable[..., Awaitable[Server]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server on a free loopback port, within the limits that are named."""
    servers: list[Server] = []

    async def start(app: RecordingApp, *, tls: ssl.SSLContext | None = None, **limits: float) -> Server:
        bounds = ServerLimits(**limits)  # type: ignore[arg-type]  # sizes and seconds, as the test says
        servers.append(await listen(app, host="127.0.0.1", port=0, limits=bounds, tls=tls))
        return servers[-1]

    yield start
    for server in servers:
        await server.drain(0)
        await asyncio.sleep(0)

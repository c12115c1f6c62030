"""A simulator that really listens, and a caller of it; what a test starts is ended with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from penstock.simulator.app import Settings, Simulator
from penstock.simulator.serving import listen

Simulate = Callable[[Settings], Awaitable[httpx2.AsyncClient]]


@pytest.fixture
async def simulate() -> AsyncIterator[Simulate]:
    """Start a simulator with these settings and return a client whose base is its address."""
    ends: list[Callable[[], Awaitable[object]]] = []

    async def start(settings: Settings) -> httpx2.AsyncClient:
        server = await listen(Simulator(settings), host="127.0.0.1", port=0)
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=30)
        ends.extend((client.aclose, lambda: server.drain(0)))
        return client

    yield start
    for end in ends:
        await end()


@pytest.fixture
async def simulated(simulate: Simulate) -> httpx2.AsyncClient:
    """Return a client of a simulator as it is by default."""
    return await simulate(Settings())

"""One gateway and one simulator for all clients' tests, and the official Python clients, synchronous and not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from anthropic import Anthropic
from openai import AsyncOpenAI, OpenAI

from tests.clients.blocking_client import spelled_async
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, Setting, gateway_before_simulator


@pytest.fixture(scope="session")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    with gateway_before_simulator(tmp_path_factory.mktemp("processes")) as running:
        yield running
        running.wait_until_idle()


@pytest.fixture(scope="session")
def claude(setting: Setting) -> Iterator[Anthropic]:
    """Anthropic's official client; it repeats no request."""
    with Anthropic(base_url=setting.gateway_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as one:
        yield one


@pytest_asyncio.fixture(params=["sync", "async"])
async def client(request: pytest.FixtureRequest, setting: Setting) -> AsyncIterator[AsyncOpenAI]:
    """The official client, of both kinds; it repeats no request unless a test lets it."""
    if request.param == "sync":
        with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as blocking:
            yield spelled_async(blocking)
    else:
        async with AsyncOpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as one:
            yield one

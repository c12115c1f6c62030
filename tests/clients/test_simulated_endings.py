"""The simulator closes or resets a connection as the fault says: to whoever reads to the end these are two things."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.clients.conversation import words
from tests.clients.penstock_processes import UPSTREAM_KEY, Setting


async def ask_to_the_end(url: str, model: str) -> bytes:
    """Return everything that comes before the connection is closed."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps({"model": model, "messages": words(50), "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {UPSTREAM_KEY}\r\n"
    writer.write(b"%bcontent-length: %d\r\n\r\n%b" % (head.encode(), len(body), body))
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("fault", ["close-before-headers", "cut-mid-stream", "close-delimited", "bad-status-line"])
async def test_a_connection_that_is_to_be_closed_is_closed(setting: Setting, fault: str) -> None:
    received = await ask_to_the_end(setting.simulator_url, f"fault-{fault}")
    assert bool(received) == (fault != "close-before-headers")


@pytest.mark.parametrize("fault", ["reset-before-headers", "reset-mid-stream"])
async def test_a_connection_that_is_to_be_reset_is_reset(setting: Setting, fault: str) -> None:
    with pytest.raises(ConnectionResetError):
        await ask_to_the_end(setting.simulator_url, f"fault-{fault}")

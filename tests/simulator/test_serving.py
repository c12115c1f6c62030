from __future__ import annotations

import httpx2
import pytest

from penstock.core.errors import OperatorError
from penstock.simulator.app import Settings, Simulator
from penstock.simulator.serving import check_loopback, listen
from tests.transport.raw_client import connected


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_addresses_are_taken(host: str) -> None:
    check_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.1", "10.0.0.1", "example.org", "localhost.example.org"]
)
def test_addresses_that_others_can_reach_are_refused(host: str) -> None:
    with pytest.raises(OperatorError, match="loopback only"):
        check_loopback(host)


async def test_nothing_listens_where_others_could_reach_it() -> None:
    with pytest.raises(OperatorError, match="loopback only"):
        await listen(Simulator(Settings()), host="0.0.0.0", port=0)


async def test_an_address_that_is_taken_is_named() -> None:
    server = await listen(Simulator(Settings()), host="127.0.0.1", port=0)
    try:
        with pytest.raises(OperatorError, match=f"127.0.0.1:{server.port}"):
            await listen(Simulator(Settings()), host="127.0.0.1", port=server.port)
    finally:
        await server.drain(0)


async def test_headers_longer_than_a_gateway_takes_are_taken(simulated: httpx2.AsyncClient) -> None:
    answer = await simulated.get("/v1/models", headers={"x-long": "x" * 500_000})
    assert answer.status_code == 200


@pytest.mark.parametrize(("fault", "reset"), [("close-before-headers", False), ("reset-before-headers", True)])
async def test_connections_are_closed_or_reset_as_the_fault_says(fault: str, reset: bool) -> None:
    body = b'{"model":"fault-%b","messages":[{"role":"user","content":"x"}]}' % fault.encode()
    server = await listen(Simulator(Settings()), host="127.0.0.1", port=0)
    try:
        async with connected(server) as client:
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % len(body)
            client.send(head + body)
            if reset:
                with pytest.raises(ConnectionResetError):
                    await client.read_to_end()
            else:
                assert await client.read_to_end() == b""
    finally:
        await server.drain(0)

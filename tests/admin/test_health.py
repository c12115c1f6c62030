from __future__ import annotations

import http.client
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from penstock.admin.health import AdminPages
from penstock.transport.server import Server, listen


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    pages = AdminPages(lambda: b'{"status":"ok"}', lambda: "# HELP a b\n")
    server = await listen(pages, host="127.0.0.1", port=0)
    yield server
    await server.drain(0)


async def ask(server: Server, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    import asyncio

    def exchange() -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    return await asyncio.to_thread(exchange)


async def test_health_and_metrics_are_served_and_not_kept(server: Server) -> None:
    status, headers, body = await ask(server, "GET", "/health")
    assert (status, body) == (200, b'{"status":"ok"}')
    assert headers["cache-control"] == "no-store"

    status, headers, body = await ask(server, "GET", "/metrics")
    assert (status, body) == (200, b"# HELP a b\n")
    assert headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_head_has_no_body(server: Server) -> None:
    status, headers, body = await ask(server, "HEAD", "/health")
    assert (status, headers["content-length"], body) == (200, "15", b"")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_path"),
        ("GET", "/v1/models", 404, "unknown_path"),
        ("GET", "/health/", 404, "unknown_path"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("DELETE", "/metrics", 405, "method_not_allowed"),
    ],
)
async def test_anything_else_is_refused(server: Server, method: str, path: str, status: int, code: str) -> None:
    found, headers, body = await ask(server, method, path)
    assert (found, msgspec.json.decode(body)["error"]["code"]) == (status, code)
    assert headers.get("allow") == ("GET, HEAD" if status == 405 else None)

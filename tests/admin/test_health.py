from __future__ import annotations

import http.client
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest
import pytest_asyncio

from penstock.admin.health import AdminPages
from penstock.admin.reports import ConfigurationReport, Health, Readiness, ReloadRefused, judge
from penstock.telemetry.readings import Reading
from penstock.transport.server import Server, listen

REFUSED = ReloadRefused(at="2026-11-23T00:00:00Z", message="a.yaml:1:1: error")


@dataclass
class Known:
    """What the pages are told."""

    draining: bool = False

    def health(self) -> Health:
        return Health(status="ok", version="1", configuration="a.yaml", models=2)

    async def readiness(self) -> Readiness:
        return judge(self.configuration(), draining=self.draining, models_without_target=())

    def configuration(self) -> ConfigurationReport:
        return ConfigurationReport(version="v1", source="a.yaml", loaded_at="now", last_error=REFUSED)

    async def readings(self) -> list[Reading]:
        return [Reading(name="a", text="b", kind="gauge", labels=(), numbers=[((), 1)])]


@pytest.fixture
def known() -> Known:
    return Known()


@pytest_asyncio.fixture
async def server(known: Known) -> AsyncIterator[Server]:
    server = await listen(AdminPages(known), host="127.0.0.1", port=0)
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


async def test_pages_are_served_and_not_kept(server: Server) -> None:
    status, headers, body = await ask(server, "GET", "/health")
    assert (status, msgspec.json.decode(body)["models"]) == (200, 2)
    assert headers["cache-control"] == "no-store"

    status, headers, body = await ask(server, "GET", "/metrics")
    assert (status, body) == (200, b"# HELP a b\n# TYPE a gauge\na 1\n")
    assert headers["content-type"].startswith("text/plain; version=0.0.4")

    status, _, body = await ask(server, "GET", "/config")
    assert (status, msgspec.json.decode(body)["last_error"]["message"]) == (200, "a.yaml:1:1: error")


async def test_readiness_is_told_by_the_status_and_why_not_by_the_body(server: Server, known: Known) -> None:
    status, _, body = await ask(server, "GET", "/ready")
    assert (status, msgspec.json.decode(body)["ready"]) == (200, True)

    known.draining = True
    status, _, body = await ask(server, "GET", "/ready")
    assert (status, msgspec.json.decode(body)["reasons"]) == (503, ["draining"])


async def test_head_has_no_body(server: Server) -> None:
    status, headers, body = await ask(server, "HEAD", "/health")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 10


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_path"),
        ("GET", "/v1/models", 404, "unknown_path"),
        ("GET", "/health/", 404, "unknown_path"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("POST", "/config", 405, "method_not_allowed"),
        ("DELETE", "/metrics", 405, "method_not_allowed"),
    ],
)
async def test_anything_else_is_refused(server: Server, method: str, path: str, status: int, code: str) -> None:
    found, headers, body = await ask(server, method, path)
    assert (found, msgspec.json.decode(body)["error"]["code"]) == (status, code)
    assert headers.get("allow") == ("GET, HEAD" if status == 405 else None)

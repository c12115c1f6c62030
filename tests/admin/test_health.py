"""The admin pages over a real socket."""

from __future__ import annotations

import pytest

from penstock.telemetry.metrics import CONTENT_TYPE
from tests.relay.plain_client import ask
from tests.relay.served_gateway import backend_at, served, snapshot_of


@pytest.mark.parametrize(("path", "kind"), [("/health", "application/json"), ("/metrics", CONTENT_TYPE)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_pages_are_served_and_not_to_be_kept(path: str, kind: str, method: str) -> None:
    async with served(snapshot_of(backend_at(1))) as gateway:
        answered = await ask(gateway.running.admin_url, path=path, method=method)
    assert (answered.status, answered.header("content-type")) == (200, kind)
    assert answered.header("cache-control") == "no-store"
    assert bool(answered.body) == (method == "GET")


async def test_health_says_what_runs() -> None:
    async with served(snapshot_of(backend_at(1))) as gateway:
        health = (await ask(gateway.running.admin_url, path="/health", method="GET")).json
    assert health.keys() == {"status", "version", "configuration", "models"}
    assert (health["status"], health["models"]) == ("ok", 1)


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [("/nowhere", "GET", 404, "unknown_path"), ("/health", "POST", 405, "method_not_allowed")],
)
async def test_anything_else_is_refused(path: str, method: str, status: int, code: str) -> None:
    async with served(snapshot_of(backend_at(1))) as gateway:
        answered = await ask(gateway.running.admin_url, path=path, method=method)
    assert (answered.status, answered.error["code"]) == (status, code)
    assert answered.header("allow") == ("GET, HEAD" if status == 405 else None)

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest

from penstock.app.introspection import models_without_target, read_plane
from penstock.core.upstream_credentials import GcpCredentials
from penstock.telemetry.readings import render
from penstock.upstream_auth import sources
from penstock.upstream_auth.fetching import FetchFailed
from tests.relay.plain_client import ask
from tests.relay.served_gateway import backend_at, read_samples, served, snapshot_of


async def test_a_model_without_a_credential_is_named_and_makes_the_gateway_unready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_declared: object) -> NoReturn:
        raise FetchFailed("no token server here")

    monkeypatch.setattr(sources, "_fetch_lines", fail)  # Google's library takes long to import
    missing = GcpCredentials(service_account_file="/nowhere/key.json")
    waiting = replace(backend_at(1), name="cloud", credentials=missing, api_key=None)
    async with served(snapshot_of(waiting, models={"poor": None})) as gateway:
        assert models_without_target(gateway.running.plane) == ("poor",)
        ready = await ask(gateway.running.admin_url, path="/ready", method="GET")
        assert (ready.status, ready.json["models_without_target"]) == (503, ["poor"])
        await gateway.running.plane.reload(snapshot_of(backend_at(1)))
        assert (await ask(gateway.running.admin_url, path="/ready", method="GET")).status == 200


async def test_readings_are_those_of_the_metrics_page() -> None:
    async with served(snapshot_of(backend_at(1))) as gateway:
        await ask(gateway.url, b'{"model":"gpt"}')
        here = read_samples(render(read_plane(gateway.running.plane)))
        page = await gateway.metrics()
    assert set(page) - set(here) == {
        f"penstock_configuration_reloads_total{{result={r}}}" for r in ("accepted", "refused")
    }
    assert here["penstock_snapshots{}"] == 1
    assert here["process_resident_memory_bytes{}"] > 10_000_000

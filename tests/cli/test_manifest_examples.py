"""Every folder of ``examples/manifests``: valid, described truly by its README, and served in front of the simulator.

For the last the manifests are migrated, and the backends' addresses exchanged for the simulator's: that a migrated file
means what its manifests mean is shown in ``tests/config/test_migrate.py``.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from penstock.app.serving import serving
from penstock.config.migrate import migrate_files
from penstock.config.native_yaml import load_files
from penstock.core.upstream_credentials import GcpCredentials
from penstock.simulator.app import Settings, Simulator
from penstock.simulator.native import SIMULATED_AWS
from penstock.simulator.native_services import all_services
from penstock.simulator.pace import AT_ONCE
from penstock.simulator.serving import listen
from penstock.simulator.vendors import all_vendors
from penstock.upstream_auth.gcp import fetch_gcp
from tests.cli.penstock_process import get_json, post, starting
from tests.upstream_auth.google_servers import google

_ROOT = Path(__file__).parents[2]
_EXAMPLES = sorted(path.parent for path in (_ROOT / "examples" / "manifests").glob("*/manifests.yaml"))
_each_example = pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example.name)
_REMARKS = {
    "gateway-config": {"is not enforced yet: costs are checked and not yet counted"},
    "token-rate-limit": {"is not enforced yet: costs are checked and not yet counted", "is not enforced yet"},
}
"""What ``check`` warns of, by example; nothing in the others."""


@pytest.fixture(scope="module")
def service_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write the key file of a service account whose tokens come from this machine."""
    with google() as server:
        path = tmp_path_factory.mktemp("google") / "service-account.json"
        path.write_text(server.key_file(), encoding="utf-8")
        assert fetch_gcp(GcpCredentials(service_account_file=str(path))).value
        yield path


@pytest.fixture
def variables(service_account: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return a value for every variable that the examples name."""
    names = {name for example in _EXAMPLES for name in _named(example)}
    values = {name: f"value-{number}-of-{name.lower()}" for number, name in enumerate(sorted(names))}
    values["SERVICE_ACCOUNT_FILE"] = str(service_account)
    values["AWS_ACCESS_KEY_ID"] = SIMULATED_AWS.access_key
    values["AWS_SECRET_ACCESS_KEY"] = SIMULATED_AWS.secret_key.reveal()
    return values


def _named(example: Path) -> set[str]:
    """Return the variables without a default that an example needs."""
    text = (example / "manifests.yaml").read_text(encoding="utf-8")
    return {*re.findall(r"\$\{(\w+)\}", text), *re.findall(r"aigw\.run/env/\w+: (\w+)", text)}


def _requests(example: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return path and body of every request in the README."""
    readme = (example / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"curl http://127\.0\.0\.1:1975(\S+) .*?-d '(.*?)'\n", readme, re.DOTALL)
    return [(path, json.loads(body)) for path, body in found]


def test_there_is_an_example_for_each_subject() -> None:
    assert len(_EXAMPLES) == 13


@_each_example
def test_example_is_valid_and_warns_of_what_it_shows(example: Path, variables: dict[str, str]) -> None:
    loaded = load_files([str(example)], variables)

    assert {warning.message for warning in loaded.warnings} == _REMARKS.get(example.name, set())


@_each_example
def test_readme_sets_every_variable_and_has_a_request(example: Path) -> None:
    readme = (example / "README.md").read_text(encoding="utf-8")

    assert _named(example) <= set(re.findall(r"export (\w+)=", readme))
    assert f"penstock serve examples/manifests/{example.name}\n" in readme
    assert _requests(example)


def _redirect(text: str, simulator: str) -> str:
    """Return a native configuration whose backends are the simulator's stand-ins for them."""
    document = yaml.safe_load(text)
    places = {each.id: each.base_path for each in all_vendors()}
    places |= {each.id: each.base_path for each in all_services()}
    for backend in document["backends"].values():
        if backend["provider"] == "http":
            continue  # no provider, and so nothing that the simulator stands in for
        backend["base_url"] = simulator + places[backend["provider"]]
        backend.pop("tls", None)
    return yaml.safe_dump({**document, "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "access_log": "off"})


@asynccontextmanager
async def _serving(
    example: Path, variables: dict[str, str], folder: Path, asked_for: dict[str, str]
) -> AsyncIterator[str]:
    """Serve an example in front of the simulator, asking it for other models; yield the gateway's URL."""
    simulated = await listen(Simulator(Settings(pace=AT_ONCE)), host="127.0.0.1", port=0)
    try:
        text = migrate_files([str(example)], variables, folder).text
        for name, other in asked_for.items():
            text = text.replace(name, other)
        path = folder / "redirected.yaml"
        path.write_text(_redirect(text, f"http://127.0.0.1:{simulated.port}"), encoding="utf-8")
        async with serving(load_files([str(path)], variables).snapshot, grace_s=1) as running:
            yield running.url
    finally:
        await simulated.drain(1)


@_each_example
async def test_requests_of_the_readme_are_answered(example: Path, variables: dict[str, str], tmp_path: Path) -> None:
    async with _serving(example, variables, tmp_path, {}) as url:
        for endpoint, body in _requests(example):
            answer = json.loads(await asyncio.to_thread(post, f"{url}{endpoint}", body))

            assert answer.get("choices") or answer.get("content"), answer


async def test_fallback_goes_to_the_second_provider_when_the_first_fails(
    variables: dict[str, str], tmp_path: Path
) -> None:
    example = _ROOT / "examples" / "manifests" / "provider-fallback"
    (endpoint, body), *_ = _requests(example)
    async with _serving(example, variables, tmp_path, {"gpt-5.4-mini": "fault-500"}) as url:
        answer = json.loads(await asyncio.to_thread(post, f"{url}{endpoint}", body))

    assert answer["model"] == "claude-opus-5-5"


async def test_plain_route_leads_to_a_server_beside_the_api(variables: dict[str, str], tmp_path: Path) -> None:
    example = _ROOT / "examples" / "manifests" / "plain-http-route"
    (asked,) = re.findall(r"curl http://127\.0\.0\.1:1975(\S+)\n", (example / "README.md").read_text("utf-8"))
    with _files(_ROOT / "examples") as port:
        async with _serving(example, variables, tmp_path, {"127.0.0.1:8080": f"127.0.0.1:{port}"}) as url:
            with await asyncio.to_thread(urlopen, f"{url}{asked}", timeout=10) as answer:
                body, backend = await asyncio.to_thread(answer.read), answer.headers["x-penstock-backend"]

    assert body == (example / "README.md").read_bytes()
    assert backend == "documents"


@contextmanager
def _files(folder: Path) -> Iterator[int]:
    """Serve a folder as the README's own command does; yield the port."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_folder_of_manifests_is_served_by_the_command(variables: dict[str, str], tmp_path: Path) -> None:
    example = _ROOT / "examples" / "manifests" / "basic-openai"
    arguments = ["serve", str(example), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    with starting(tmp_path, *arguments, variables=variables) as penstock:
        penstock.wait_for(r"\d+ notes on this configuration: penstock check shows them")
        url, admin_url = penstock.wait_for(r"serves on (\S+) \(admin: (\S+)\)").groups()

        models = get_json(f"{url}/v1/models")["data"]
        assert get_json(f"{admin_url}/health")["status"] == "ok"
        assert penstock.end() == 0
    assert [(model["id"], model["owned_by"]) for model in models] == [("gpt-5.4-mini", "Envoy AI Gateway")]
    assert "Traceback" not in penstock.printed()

"""``penstock simulate`` and ``penstock serve`` as processes of their own, the way users run them.

Both take free ports and print their addresses; both are ended by their process ids, and must end cleanly. What is asked
of them stands in the tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path
from typing import Any
from urllib.request import urlopen

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from prometheus_client.parser import text_string_to_metric_families

from penstock.simulator.native import SIMULATED_AWS
from tests.transport.certificates import Authority
from tests.upstream_auth.google_servers import google
from tests.upstream_auth.local_server import Answer, Asked, serving
from tests.upstream_auth.microsoft_servers import CLIENT, SECRET, TENANT, entra

PENSTOCK = Path(get_path("scripts")) / "penstock"
FILES = [str(Path(__file__).with_name(name)) for name in ("gateway.yaml", "providers.yaml")]
CLIENT_KEY = "sk-client-of-these-tests"
UPSTREAM_KEY = "sk-upstream-of-these-tests"
FILES_BY_PATH = {
    "/cat.png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png"),
    "/a.pdf": (b"%PDF-1.7\n" + bytes(40), "application/pdf"),
}
"""What the server of files has: path to bytes and media type."""
BOUND_S = 30.0
"""How long anything is waited for before the test fails: a bound on hanging, not a promise of speed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A gateway that serves, and the simulator behind it."""

    gateway_url: str
    admin_url: str
    simulator_url: str
    files_url: str
    """Of a server with a picture and a PDF, from which the gateway may fetch."""

    @property
    def base_url(self) -> str:
        """What an SDK is given."""
        return f"{self.gateway_url}/v1"

    def busy(self) -> dict[str, float]:
        """Return what the gateway is busy with, by its own metrics."""
        page = _get(f"{self.admin_url}/metrics").decode()
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return {
            f"{sample.name} {' '.join(sample.labels.values())}": sample.value
            for sample in samples
            if sample.name == "penstock_exchanges_in_flight"
            or (sample.name == "penstock_upstream_connections" and sample.labels["state"] == "busy")
        }

    def wait_until_idle(self) -> None:
        """Wait until the gateway answers nobody and asks nobody."""
        busy = self.busy()
        assert len(busy) > 1, "the metrics page shows exchanges, and connections by backend"
        wait_until(lambda: not any(self.busy().values()))

    def seen_requests(self) -> list[dict[str, Any]]:
        """Return the last requests as the simulator saw them, and what became of them."""
        seen = json.loads(_get(f"{self.simulator_url}/simulator/requests"))["requests"]
        assert isinstance(seen, list)
        return seen

    def seen_upstream(self, model: str) -> list[dict[str, Any]]:
        """Return the last requests for a model."""
        return [one for one in self.seen_requests() if one["model"] == model]

    def wait_until_cancelled_upstream(self, model: str) -> None:
        """Wait until the simulator has lost its caller for every request for a model; there must be one."""
        assert self.seen_upstream(model)
        wait_until(lambda: all(one["outcome"] == "caller gone" for one in self.seen_upstream(model)))


def _get(url: str) -> bytes:
    with urlopen(url, timeout=BOUND_S) as answer:
        body = answer.read()
    assert isinstance(body, bytes)
    return body


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < end, "what was waited for has not come"
        time.sleep(0.01)


@contextmanager
def gateway_before_simulator(folder: Path) -> Iterator[Setting]:
    """Run both for the length of the context; what they print goes to files in ``folder``.

    Who hands out tokens is there too: Google for a service account's signature, Entra ID for an application's secret.
    """
    authority = Authority(folder)
    simulate = ["simulate", "--listen", "127.0.0.1:0", "--pace", "none"]
    with (
        google(token=UPSTREAM_KEY) as accounts,
        entra(authority, token=UPSTREAM_KEY) as tenant,
        serving(_file) as files,
        _running(simulate, {"PENSTOCK_SIMULATOR_KEY": UPSTREAM_KEY}, folder / "simulator.log") as simulator_log,
    ):
        service_account = folder / "service-account.json"
        service_account.write_text(accounts.key_file(), "utf-8")
        unknown_account = folder / "unknown-account.json"
        unknown_account.write_text(accounts.key_file(generate_private_key(65537, 2048)), "utf-8")
        simulator_url = _announced(simulator_log, r"simulator serves on (\S+)\.")[1]
        variables = {
            "SIMULATOR_URL": simulator_url,
            "UPSTREAM_KEY": UPSTREAM_KEY,
            "CLIENT_KEY": CLIENT_KEY,
            "ACCESS_LOG": str(folder / "access.log"),
            "AWS_ID": SIMULATED_AWS.access_key,
            "AWS_SECRET": SIMULATED_AWS.secret_key.reveal(),
            "SERVICE_ACCOUNT_FILE": str(service_account),
            "UNKNOWN_ACCOUNT_FILE": str(unknown_account),
            "ENTRA_URL": tenant.server.url,
            "ENTRA_TENANT": TENANT,
            "ENTRA_CLIENT": CLIENT,
            "ENTRA_SECRET": SECRET,
            "REQUESTS_CA_BUNDLE": authority.file,
            "FILES": files.authority,
        }
        with _running(["serve", *FILES], variables, folder / "gateway.log") as gateway_log:
            found = _announced(gateway_log, r"serves on (\S+) \(admin: (\S+)\)")
            yield Setting(found[1], found[2], simulator_url, files.url)


def _file(asked: Asked) -> Answer:
    data, media_type = FILES_BY_PATH.get(asked.path, (b"", "text/plain"))
    return Answer(data, 200 if data else 404, {"content-type": media_type})


@contextmanager
def _running(arguments: list[str], variables: Mapping[str, str], log: Path) -> Iterator[Path]:
    """Run a command, ended by SIGTERM; it must then end well, and must not have met a defect."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
    with log.open("wb") as sink:
        process = subprocess.Popen([PENSTOCK, *arguments], env={**environ, **variables}, stdout=sink, stderr=sink)
    try:
        yield log
    finally:
        process.terminate()
        try:
            status = process.wait(BOUND_S)
        finally:
            process.kill()
    assert status == 0, log.read_text("utf-8")
    assert "Traceback" not in log.read_text("utf-8"), log.read_text("utf-8")


def _announced(log: Path, pattern: str) -> re.Match[str]:
    """Return what a process says of where it serves, once it does."""
    found: list[re.Match[str]] = []

    def said() -> bool:
        found.extend(re.finditer(pattern, log.read_text("utf-8")))
        return bool(found)

    wait_until(said)
    return found[0]

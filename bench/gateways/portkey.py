"""Portkey's open-source gateway on Node, kept to loopback, with the dependency versions whose streams work."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.gateways.contract import CONFIGS, PEERS, Gateway, Launch, missing_file

SERVER = PEERS / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"


def _missing() -> str | None:
    return missing_file(SERVER) if shutil.which("node") else "Node is not on this machine"


def _launch(port: int, upstream: int, folder: Path) -> Launch:
    loopback_only = str(CONFIGS / "portkey_loopback_only.cjs")
    return Launch(
        command=("node", "--require", loopback_only, str(SERVER), "--headless", f"--port={port}"),
        environment={"NODE_ENV": "production"},
    )


GATEWAY = Gateway(
    name="portkey",
    title="Portkey",
    does="reads and rewrites bodies; no keys or log",
    missing=_missing,
    version=lambda: "1.15.2",
    launch=_launch,
    headers={
        "authorization": "Bearer sk-bench",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": "http://127.0.0.1:@UPSTREAM@/v1",
    },
    start_timeout_s=30,
    stream_connections=4,
)

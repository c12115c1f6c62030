"""Penstock as an operator runs it: client keys, metrics and access log on, the public model name not the upstream's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import penstock
from bench.gateways.contract import Gateway, Launch, fill_config
from bench.interpreter import choose
from bench.spawn import free_port

CLIENT_KEY = "sk-bench-0123456789abcdef"
REPOSITORY = Path(__file__).parent.parent.parent


def _version() -> str:
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    build = choose().build
    return f"{penstock.__version__} ({commit}), {build}" if commit else f"{penstock.__version__}, {build}"


def _launch(port: int, upstream: int, folder: Path) -> Launch:
    config = fill_config("penstock.yaml", folder, port=port, upstream=upstream, admin=free_port())
    interpreter = choose()
    command = (interpreter.command, "-m", "penstock", "serve", str(config))
    return Launch(command=command, environment=interpreter.environment)


GATEWAY = Gateway(
    name="penstock",
    title="Penstock",
    does="model choice, client keys, usage, metrics, access log",
    missing=lambda: None,
    version=_version,
    launch=_launch,
    model="bench",
    translated_models={"anthropic": "claude", "bedrock": "nova", "gemini": "gemini"},
    headers={"authorization": f"Bearer {CLIENT_KEY}"},
)

"""TensorZero, its Rust gateway as the Python wheel embeds it, without its database (observability off)."""

from __future__ import annotations

from pathlib import Path

from bench.gateways.contract import CONFIGS, PEERS, Gateway, Launch, fill_config, missing_file

PYTHON = PEERS / "tensorzero/bin/python"
ENVIRONMENT = {
    "MOCK_API_KEY": "sk-mock",
    "AWS_ACCESS_KEY_ID": "AKIAMOCKMOCKMOCKMOCK",
    "AWS_SECRET_ACCESS_KEY": "mock-secret-of-forty-characters-0123456789",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def _launch(port: int, upstream: int, folder: Path) -> Launch:
    config = fill_config("tensorzero.toml", folder, port=port, upstream=upstream)
    port_file = folder / "port"
    command = (str(PYTHON), str(CONFIGS / "tensorzero_serve.py"), str(config), str(port_file))
    return Launch(command=command, environment=ENVIRONMENT, port_file=port_file)


GATEWAY = Gateway(
    name="tensorzero",
    title="TensorZero",
    does="reads and rewrites bodies; no keys, log or database",
    missing=lambda: missing_file(PYTHON),
    version=lambda: "2026.6.0",
    launch=_launch,
    path="/openai/v1/chat/completions",
    model="tensorzero::model_name::mock",
    translated_models={
        "anthropic": "tensorzero::model_name::claude",
        "bedrock": "tensorzero::model_name::nova",
    },
    cannot={"gemini": "none of its settings gives the address of a Gemini API"},
    headers={"authorization": "Bearer sk-bench"},
    start_timeout_s=40,
    stream_connections=16,
)

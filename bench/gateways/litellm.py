"""LiteLLM's proxy, one uvicorn worker, without a database: its fastest documented way."""

from __future__ import annotations

from pathlib import Path

from bench.gateways.contract import PEERS, Gateway, Launch, fill_config, missing_file

BINARY = PEERS / "litellm/bin/litellm"
MASTER_KEY = "sk-bench-0123456789abcdef0123456789abcdef"
ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOG": "ERROR",
    "NO_DOCS": "True",
}


def _launch(port: int, upstream: int, folder: Path) -> Launch:
    config = fill_config("litellm.yaml", folder, port=port, upstream=upstream)
    options = ("--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
    return Launch(command=(str(BINARY), "--config", str(config), *options), environment=ENVIRONMENT)


GATEWAY = Gateway(
    name="litellm",
    title="LiteLLM",
    does="reads and rewrites bodies, one key; no log or database",
    missing=lambda: missing_file(BINARY),
    version=lambda: "1.106.2",
    launch=_launch,
    translated_models={"anthropic": "claude", "bedrock": "nova", "gemini": "gemini"},
    headers={"authorization": f"Bearer {MASTER_KEY}"},
    start_timeout_s=90,
    unary_connections=8,
    stream_connections=1,
)

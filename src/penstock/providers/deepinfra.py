"""DeepInfra.

https://deepinfra.com/docs/openai_api, and DeepInfra's Python SDK 0.3 for the variables (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import Provider, below_root

PROVIDER = Provider(
    id="deepinfra",
    title="DeepInfra",
    base_url="https://api.deepinfra.com/v1/openai",
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_env=("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
    base_url_env=("DEEPINFRA_BASE_URL",),
    read_base_url=below_root("/v1/openai"),
    stream_usage="always",
    models=("deepseek-ai/DeepSeek-V4-Flash",),
    docs=("https://deepinfra.com/docs/openai_api",),
    verified="2026-11-23",
    notes="DEEPINFRA_BASE_URL is the address without /v1/openai, as DeepInfra's SDK has it.",
)

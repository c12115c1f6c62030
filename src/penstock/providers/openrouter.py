"""OpenRouter.

https://openrouter.ai/docs/use-cases/usage-accounting, and OpenRouter's Python SDK 1.3 for paths and variable
(read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import Provider

PROVIDER = Provider(
    id="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    paths={"chat_completions": "/chat/completions", "embeddings": "/embeddings"},
    key_env=("OPENROUTER_API_KEY",),
    stream_usage="always",
    model_patterns=("openrouter/*",),
    models=("openrouter/auto",),
    docs=(
        "https://openrouter.ai/docs/api-reference/overview",
        "https://openrouter.ai/docs/use-cases/usage-accounting",
    ),
    verified="2026-11-23",
)

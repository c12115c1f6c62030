"""Tencent's LLM Knowledge Engine (atomic capabilities), by its OpenAI-compatible API.

https://cloud.tencent.com/document/product/1772/130548: the sale of models there has moved to TokenHub
(https://cloud.tencent.com/document/product/1823/131382), new models do not come (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import Provider

PROVIDER = Provider(
    id="tencent-lkeap",
    title="Tencent LLM Knowledge Engine",
    base_url="https://api.lkeap.cloud.tencent.com/v1",
    paths={"chat_completions": "/chat/completions"},
    key_env=("LKEAP_API_KEY",),
    models=("deepseek-v3.1-terminus", "deepseek-r1-0528"),
    docs=(
        "https://cloud.tencent.com/document/product/1772/130548",
        "https://www.tencentcloud.com/document/product/1255/70381",
        "https://cloud.tencent.com/document/product/1823/131382",
    ),
    verified="2026-11-23",
    notes="Outside China the base URL is https://api.lkeap.tencentcloud.com/v1. Tencent names no variable for the key: "
    "LKEAP_API_KEY is ours. Tencent advises to move to TokenHub (see hunyuan).",
)

"""Tencent Hunyuan, on TokenHub.

Hunyuan's own address (api.hunyuan.cloud.tencent.com) was to be shut down on 2026-09-30 in favour of TokenHub:
https://cloud.tencent.com/document/product/1729/131925, https://cloud.tencent.com/document/product/1823/131382
(read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import Provider

PROVIDER = Provider(
    id="hunyuan",
    title="Hunyuan",
    base_url="https://tokenhub.tencentmaas.com/v1",
    paths={"chat_completions": "/chat/completions"},
    key_env=("HUNYUAN_API_KEY",),
    model_patterns=("hunyuan-*", "hy[0-9]*", "hy-mt[0-9]*"),
    models=("hy3-preview",),
    docs=(
        "https://cloud.tencent.com/document/product/1823/130058",
        "https://cloud.tencent.com/document/product/1823/130078",
        "https://cloud.tencent.com/document/product/1823/131382",
        "https://cloud.tencent.com/document/product/1729/131925",
    ),
    verified="2026-11-23",
    notes="Outside China the base URL is https://tokenhub-intl.tencentcloudmaas.com/v1. TokenHub's pages name no "
    "variable for the key: HUNYUAN_API_KEY is that of Hunyuan's older samples.",
)

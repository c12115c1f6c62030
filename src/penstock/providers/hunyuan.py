"""Tencent Hunyuan, on TokenHub.

Hunyuan's own address (api.hunyuan.cloud.tencent.com) was to be shut down on 2026-09-30 in favour of TokenHub:
https://cloud.tencent.com/document/product/1729/131925, https://cloud.tencent.com/document/product/1823/131382. Vectors
are numbers there, and as long as their model makes them: https://cloud.tencent.com/document/product/1823/133515
(read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import report_ignored, value_of


def ask_for_numbers(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out an `encoding_format` other than `float`, the only one of TokenHub; clients read numbers too."""
    if endpoint == "embeddings" and value_of(edit, "encoding_format") not in {None, "float"}:
        edit.report("encoding_format", "approximated", "TokenHub writes vectors as numbers only")
        edit.remove("encoding_format")


def report_dimensions(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report `dimensions`, which the model decides."""
    if endpoint == "embeddings":
        report_ignored(edit, ("dimensions",), "at TokenHub the model decides how long its vectors are")


PROVIDER = Provider(
    id="hunyuan",
    title="Hunyuan",
    base_url="https://tokenhub.tencentmaas.com/v1",
    paths={"chat_completions": "/chat/completions", "embeddings": "/embeddings"},
    key_env=("HUNYUAN_API_KEY",),
    request_quirks=(ask_for_numbers, report_dimensions),
    model_patterns=("hunyuan-*", "hy[0-9]*", "hy-mt[0-9]*", "kinfra-*"),
    models=("hy3-preview", "kinfra-text-embedding-0.6b"),
    docs=(
        "https://cloud.tencent.com/document/product/1823/130058",
        "https://cloud.tencent.com/document/product/1823/130078",
        "https://cloud.tencent.com/document/product/1823/131382",
        "https://cloud.tencent.com/document/product/1823/133515",
        "https://cloud.tencent.com/document/product/1729/131925",
    ),
    verified="2026-11-23",
    notes="Outside China the base URL is https://tokenhub-intl.tencentcloudmaas.com/v1. TokenHub's pages name no "
    "variable for the key: HUNYUAN_API_KEY is that of Hunyuan's older samples.",
)

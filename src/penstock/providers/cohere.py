"""Cohere, by its Compatibility API.

https://docs.cohere.com/docs/compatibility-api, whose lists of supported and unsupported parameters are the tables
here; variables as in Cohere's Python SDK 7.3 (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider, below_root
from penstock.wire.openai_fields import drop_fields, move_output_limit

UNSUPPORTED: Mapping[EndpointId, tuple[str, ...]] = MappingProxyType(
    {
        "chat_completions": (
            "store",
            "metadata",
            "logit_bias",
            "top_logprobs",
            "n",
            "modalities",
            "prediction",
            "audio",
            "service_tier",
            "parallel_tool_calls",
        ),
        "completions": (),
        "embeddings": ("dimensions", "user"),
        "messages": (),
        "count_tokens": (),
    }
)


def drop_unsupported_fields(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``n``, ``logit_bias``, ``parallel_tool_calls`` and what else the page lists as not supported."""
    drop_fields(edit, UNSUPPORTED[endpoint], "Cohere's Compatibility API does not support it")


def use_older_output_limit(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Move ``max_completion_tokens`` to ``max_tokens``, the only name that the page lists for it."""
    move_output_limit(edit, "Cohere's Compatibility API knows max_tokens only")


PROVIDER = Provider(
    id="cohere",
    title="Cohere",
    base_url="https://api.cohere.ai/compatibility/v1",
    paths={"chat_completions": "/chat/completions", "embeddings": "/embeddings"},
    key_env=("CO_API_KEY",),
    base_url_env=("CO_API_URL",),
    read_base_url=below_root("/compatibility/v1"),
    stream_usage="never",
    request_quirks=(drop_unsupported_fields, use_older_output_limit),
    model_patterns=("command-*", "embed-v4*", "embed-english-*", "embed-multilingual-*", "c4ai-aya-*"),
    models=("command-a-03-2025", "embed-v4.0"),
    docs=("https://docs.cohere.com/docs/compatibility-api",),
    verified="2026-11-23",
    notes="Usage in streams is not documented, and stream_options is in neither list: none is asked for.",
)

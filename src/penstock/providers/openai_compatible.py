"""Anything else that speaks OpenAI: the operator says where it is.

What such a server refuses or ignores is unknown; requests go to it as they are.
"""

from __future__ import annotations

from penstock.core.provider import Provider

PROVIDER = Provider(
    id="openai-compatible",
    title="OpenAI-compatible",
    base_url=None,
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_required=False,
    docs=("https://developers.openai.com/api/reference",),
    verified="2026-11-23",
    notes="Which of the endpoints there are is up to the server.",
)

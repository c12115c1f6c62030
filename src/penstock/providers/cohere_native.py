"""Cohere, by its own Chat API v2.

https://docs.cohere.com/reference/chat (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import NativeChat, NativeEmbeddings, Provider

PROVIDER = Provider(
    id="cohere-native",
    title="Cohere (Chat API v2)",
    schema_name="Cohere",
    base_url="https://api.cohere.com/v2",
    paths={},
    native_chat=NativeChat(format="cohere_chat", path="/chat", stream_path="/chat"),
    native_embeddings=lambda _model: NativeEmbeddings("cohere_embed", "/embed"),
    stream_usage="always",
    docs=("https://docs.cohere.com/reference/chat", "https://docs.cohere.com/reference/chat-stream"),
    verified="2026-11-23",
    notes="Gives citations, tool plans and thinking their full form; the key is given in the configuration.",
)

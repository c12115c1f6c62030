"""Google Gemini, by its own ``generateContent``.

https://ai.google.dev/api/generate-content (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import KeyHeader, NativeChat, NativeCount, NativeEmbeddings, Provider

MODEL = "/models/{model}"

PROVIDER = Provider(
    id="gemini-native",
    title="Google Gemini (generateContent)",
    schema_name="GCPVertexAI",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    paths={},
    native_chat=NativeChat(
        format="gemini_generate",
        path=MODEL + ":generateContent",
        stream_path=MODEL + ":streamGenerateContent?alt=sse",
    ),
    native_embeddings=lambda _model: NativeEmbeddings("gemini_batch_embed", MODEL + ":batchEmbedContents"),
    native_count=NativeCount("gemini_count", MODEL + ":countTokens"),
    key_header=KeyHeader(name="x-goog-api-key", prefix=""),
    stream_usage="always",
    docs=("https://ai.google.dev/api/generate-content", "https://ai.google.dev/gemini-api/docs/api-key"),
    verified="2026-11-23",
    notes="Gives thinking, signatures and safety settings their full form; the key is given in the configuration.",
)

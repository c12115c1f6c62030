"""Gemini on Google's Vertex AI.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.cloud_options import VertexOptions
from penstock.core.provider import NativeChat, NativeCount, NativeEmbeddings, Provider

MODEL = "/publishers/google/models/{model}"


def embeddings_of(model: str) -> NativeEmbeddings:
    """Newer Gemini models make vectors by ``embedContent``, one at a time; all others by ``predict``."""
    name = model.rpartition("/")[2].lower()
    if "gemini" in name and name != "gemini-embedding-001":
        return NativeEmbeddings("vertex_embed_content", MODEL + ":embedContent")
    return NativeEmbeddings("vertex_predict_embeddings", MODEL + ":predict")


PROVIDER = Provider(
    id="vertex",
    title="Google Vertex AI",
    schema_name="GCPVertexAI",
    base_url="https://{host}/v1/projects/{project}/locations/{region}",
    paths={},
    native_chat=NativeChat(
        format="gemini_generate",
        path=MODEL + ":generateContent",
        stream_path=MODEL + ":streamGenerateContent?alt=sse",
    ),
    native_embeddings=embeddings_of,
    native_count=NativeCount("gemini_vertex_count", MODEL + ":countTokens"),
    credentials=("gcp",),
    key_required=False,
    credential_env=("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"),
    options=VertexOptions,
    option_env={
        "project": ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"),
        "region": ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION"),
    },
    stream_usage="always",
    docs=(
        "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        "https://docs.cloud.google.com/vertex-ai/docs/general/locations",
    ),
    verified="2026-11-23",
)

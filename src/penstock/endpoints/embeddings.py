"""``POST /v1/embeddings``."""

from __future__ import annotations

from penstock.core.endpoint import Endpoint
from penstock.wire import openai_embeddings, openai_errors

ENDPOINT = Endpoint(
    id="embeddings",
    path="/v1/embeddings",
    title="Embeddings",
    streams=False,
    read_request=openai_embeddings.read_request,
    read_answer=openai_embeddings.read_answer,
    render_error=openai_errors.render_error,
    adopt_error=openai_errors.adopt_error,
)

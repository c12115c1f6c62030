"""Finds the embeddings format of an id; its module is imported when it is first asked for.

What a format declares is said in ``penstock.core.embedding_format``. Which provider speaks which format is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from penstock.core.embedding_format import EmbeddingCaller, EmbeddingCallerId, EmbeddingFormat, EmbeddingFormatId

UPSTREAM_MODULES: Mapping[EmbeddingFormatId, str] = MappingProxyType(
    {
        "titan_embeddings": "titan",
        "cohere_bedrock_embeddings": "cohere_bedrock",
        "vertex_predict_embeddings": "vertex_predict",
        "vertex_embed_content": "vertex_embed_content",
        "gemini_batch_embed": "gemini_batch",
        "cohere_embed": "cohere",
    }
)
CALLER_MODULES: Mapping[EmbeddingCallerId, str] = MappingProxyType({"openai_embeddings": "openai_caller"})


@cache
def upstream_format(id_: EmbeddingFormatId) -> EmbeddingFormat:
    """Return the format that an upstream speaks."""
    found = import_module(f"penstock.wire.embeddings.{UPSTREAM_MODULES[id_]}").UPSTREAM
    assert isinstance(found, EmbeddingFormat)  # noqa: S101 - a slip of ours, and what tells the type checker
    return found


@cache
def caller_format(id_: EmbeddingCallerId) -> EmbeddingCaller:
    """Return the format that a caller speaks."""
    found = import_module(f"penstock.wire.embeddings.{CALLER_MODULES[id_]}").CALLER
    assert isinstance(found, EmbeddingCaller)  # noqa: S101 - as above
    return found

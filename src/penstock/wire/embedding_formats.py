"""Finds the embeddings format of an id; its module is imported when it is first asked for.

What a format declares is said in ``penstock.core.embedding_format``. Which provider speaks which format is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType

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
def find_embedding_format(format_id: EmbeddingFormatId) -> EmbeddingFormat:
    """Return how to ask providers in this format.

    Raises:
        LookupError: its module declares no format.
    """
    found: object = getattr(_module(UPSTREAM_MODULES[format_id]), "UPSTREAM", None)
    if not isinstance(found, EmbeddingFormat):
        msg = f"no provider speaks {format_id}"
        raise LookupError(msg)
    return found


@cache
def find_embedding_caller(format_id: EmbeddingCallerId) -> EmbeddingCaller:
    """Return how to speak with callers in this format.

    Raises:
        LookupError: its module declares no caller.
    """
    found: object = getattr(_module(CALLER_MODULES[format_id]), "CALLER", None)
    if not isinstance(found, EmbeddingCaller):
        msg = f"no caller speaks {format_id}"
        raise LookupError(msg)
    return found


def _module(name: str) -> ModuleType:
    return import_module(f"penstock.wire.embeddings.{name}")

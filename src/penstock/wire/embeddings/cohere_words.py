"""Cohere's words for what a vector is for and for what becomes of long texts, at Cohere and on Bedrock.

https://docs.cohere.com/reference/embed, https://docs.cohere.com/docs/embeddings and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html (read 2026-11-23). ``input_type`` is
required: a caller who names none embeds documents, as most do who know OpenAI's API only, and is told so. The bodies
that carry the words are not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from penstock.core.embeddings import EmbeddingInput, EmbeddingRequest, EmbeddingTask, Truncation
from penstock.core.loss import Loss
from penstock.wire.embeddings.inputs import lost_everywhere

MAX_INPUTS_PER_CALL = 96

TASKS: Mapping[EmbeddingTask, str] = MappingProxyType(
    {
        "document": "search_document",
        "query": "search_query",
        "classification": "classification",
        "clustering": "clustering",
        "similarity": "clustering",
        "question_answering": "search_query",
        "fact_verification": "search_query",
        "code_query": "search_query",
    }
)
"""The last four are Google's own; the nearest word of Cohere's stands in for them, which is reported."""

EXACT_TASKS = frozenset({"document", "query", "classification", "clustering"})
DEFAULT_TASK = "search_document"

START_END: Mapping[Truncation, str] = MappingProxyType({"none": "NONE", "start": "START", "end": "END"})
LEFT_RIGHT: Mapping[Truncation, str] = MappingProxyType({"none": "NONE", "start": "LEFT", "end": "RIGHT"})


def task_of(one: EmbeddingInput) -> str:
    """Return the ``input_type`` of an input."""
    return DEFAULT_TASK if one.task is None else TASKS[one.task]


def losses(request: EmbeddingRequest, vendor: str) -> Iterator[Loss]:
    """Yield what Cohere's models cannot be told, and what they were told instead."""
    if any(one.task is None for one in request.inputs):
        yield request.loss("task", f"{vendor} must be told: search_document stands in", "approximated")
    elif any(one.task not in EXACT_TASKS for one in request.inputs):
        yield request.loss("task", f"{vendor} has no such task; the nearest stands in", "approximated")
    if any(one.title for one in request.inputs):
        yield request.loss("title", f"{vendor} has no titles")
    if request.normalize is not None:
        yield request.loss("normalize", f"{vendor} decides on the length of vectors")
    yield from lost_everywhere(request, vendor)

"""Google's words for what a vector is for, as all its embeddings APIs write them.

https://ai.google.dev/gemini-api/docs/embeddings (task types, and the prompts by which Gemini Embedding 2 is told its
task), https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api (read 2026-11-23).
The bodies that carry them are not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from penstock.core.embeddings import EmbeddingInput, EmbeddingRequest, EmbeddingTask
from penstock.core.loss import Loss
from penstock.core.model_facts import EmbeddingFacts
from penstock.wire.embeddings.inputs import lost_everywhere, text_of

TASKS: Mapping[EmbeddingTask, str] = MappingProxyType(
    {
        "document": "RETRIEVAL_DOCUMENT",
        "query": "RETRIEVAL_QUERY",
        "classification": "CLASSIFICATION",
        "clustering": "CLUSTERING",
        "similarity": "SEMANTIC_SIMILARITY",
        "question_answering": "QUESTION_ANSWERING",
        "fact_verification": "FACT_VERIFICATION",
        "code_query": "CODE_RETRIEVAL_QUERY",
    }
)

PROMPTS: Mapping[EmbeddingTask, str] = MappingProxyType(
    {
        "document": "title: {title} | text: {text}",
        "query": "task: search result | query: {text}",
        "classification": "task: classification | query: {text}",
        "clustering": "task: clustering | query: {text}",
        "similarity": "task: sentence similarity | query: {text}",
        "question_answering": "task: question answering | query: {text}",
        "fact_verification": "task: fact checking | query: {text}",
        "code_query": "task: code retrieval | query: {text}",
    }
)
"""What a text becomes for a model that takes no task type."""

NO_TITLE = "none"


def said(one: EmbeddingInput, facts: EmbeddingFacts) -> tuple[str, str | None, str | None]:
    """Return the text of an input as the model is to read it, its task type and its title.

    Raises:
        InvalidRequest: it is token numbers.
    """
    text = text_of(one)
    if one.task is None:
        return text, None, None
    title = one.title if one.task == "document" else None
    if facts.tasks:
        return text, TASKS[one.task], title
    return PROMPTS[one.task].replace("{title}", title or NO_TITLE).replace("{text}", text), None, None


def losses(request: EmbeddingRequest, facts: EmbeddingFacts, vendor: str) -> Iterator[Loss]:
    """Yield what Google's APIs cannot carry; how an input that is too long is treated is for the format to say."""
    if not facts.tasks and any(one.task for one in request.inputs):
        yield request.loss("task", "this model is told its task in the text", "moved")
    if any(one.title and one.task != "document" for one in request.inputs):
        yield request.loss("title", "only documents (task_type RETRIEVAL_DOCUMENT) have a title")
    if request.normalize is False:
        yield request.loss("normalize", f"{vendor} decides on the length of vectors")
    yield from lost_everywhere(request, vendor)

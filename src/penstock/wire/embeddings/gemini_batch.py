"""Gemini embeddings at Google AI Studio by ``:batchEmbedContents``: up to 100 texts a call.

https://ai.google.dev/api/embeddings (read 2026-11-23); the limit is what the service answers above it ("at most 100
requests can be in one batch"). Parts of one content would become one vector together, so each text is a request of the
batch. The same models on Vertex AI are in ``vertex_predict`` and ``vertex_embed_content``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingRequest
from penstock.core.loss import Loss
from penstock.core.model_facts import EmbeddingFacts, ModelFacts
from penstock.wire.embeddings import google_words
from penstock.wire.embeddings.inputs import in_batches, size_asked
from penstock.wire.embeddings.replies import Part, as_count, decode_reply, put_together
from penstock.wire.gemini_generate.errors import read_error

MAX_INPUTS_PER_CALL = 100
_VENDOR = "the Gemini API"


class _Part(msgspec.Struct):
    text: str


class _Content(msgspec.Struct):
    parts: list[_Part]


class _One(msgspec.Struct, omit_defaults=True, rename="camel"):
    model: str
    content: _Content
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: int | None = None


class _Request(msgspec.Struct):
    requests: list[_One]


class _Values(msgspec.Struct):
    values: list[float]


class _Tokens(msgspec.Struct, rename="camel"):
    prompt_token_count: float | None = None


class _Answer(msgspec.Struct, rename="camel"):
    embeddings: list[_Values]
    usage_metadata: _Tokens | None = None


_answer = msgspec.json.Decoder(_Answer)


def lower(request: EmbeddingRequest, model: str, facts: ModelFacts) -> LoweredEmbeddings:
    """Return one call for every 100 inputs.

    Raises:
        InvalidRequest: token numbers, or a size that the model does not have.
    """
    size = size_asked(request, facts.embeddings)
    resource = model if "/" in model else f"models/{model}"
    calls: list[EmbeddingCall] = []
    for batch in in_batches(request.inputs, MAX_INPUTS_PER_CALL):
        ones: list[_One] = []
        for each in batch:
            text, task, title = google_words.said(each, facts.embeddings)
            ones.append(_One(resource, _Content([_Part(text)]), task, title, size))
        calls.append(EmbeddingCall(msgspec.json.encode(_Request(ones)), len(batch)))
    return LoweredEmbeddings(tuple(calls), tuple(_losses(request, facts.embeddings)))


def _losses(request: EmbeddingRequest, facts: EmbeddingFacts) -> Iterator[Loss]:
    if request.truncate:
        yield request.loss("truncate", f"{_VENDOR} does not let one choose what becomes of a text that is too long")
    yield from google_words.losses(request, facts, _VENDOR)


def lift_answer(replies: Sequence[EmbeddingReply], model: str) -> EmbeddingAnswer:
    """Return the vectors of all replies.

    Raises:
        ValueError: a reply is not of the format, or holds too few or too many vectors.
    """
    return put_together(replies, model, _read)


def _read(reply: EmbeddingReply) -> Part:
    answer = decode_reply(_answer, reply)
    tokens = as_count(answer.usage_metadata.prompt_token_count) if answer.usage_metadata else None
    return Part([Embedding(each.values) for each in answer.embeddings], tokens)


UPSTREAM = EmbeddingFormat(id="gemini_batch_embed", lower=lower, lift_answer=lift_answer, read_error=read_error)

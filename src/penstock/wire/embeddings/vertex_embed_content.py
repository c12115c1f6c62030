"""Gemini embeddings on Vertex AI by ``:embedContent``: one text a call, so a batch becomes as many calls.

https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/projects.locations.publishers.models/embedContent
(read 2026-11-23; ``embedContentConfig`` instead of the deprecated members beside it, as the google-genai SDK 3.4 sends
it). ``gemini-embedding-001`` and older models are in ``vertex_predict``. Pictures and sound are not carried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingInput, EmbeddingRequest
from penstock.core.loss import Loss
from penstock.core.model_facts import EmbeddingFacts, ModelFacts
from penstock.wire.embeddings import google_words
from penstock.wire.embeddings.inputs import size_asked
from penstock.wire.embeddings.replies import Part, as_count, decode_reply, put_together
from penstock.wire.gemini_generate.errors import read_error

_VENDOR = "Vertex AI"


class _Part(msgspec.Struct):
    text: str


class _Content(msgspec.Struct):
    parts: list[_Part]
    role: str = "user"


class _Settings(msgspec.Struct, omit_defaults=True, rename="camel", frozen=True):
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: int | None = None
    auto_truncate: bool | None = None


class _Request(msgspec.Struct, omit_defaults=True, rename="camel"):
    content: _Content
    embed_content_config: _Settings | None = None


class _Values(msgspec.Struct):
    values: list[float]


class _Tokens(msgspec.Struct, rename="camel"):
    prompt_token_count: float | None = None


class _Answer(msgspec.Struct, rename="camel"):
    embedding: _Values
    usage_metadata: _Tokens | None = None
    truncated: bool | None = None


_answer = msgspec.json.Decoder(_Answer)


def lower(request: EmbeddingRequest, _model: str, facts: ModelFacts) -> LoweredEmbeddings:
    """Return one call for each input.

    Raises:
        InvalidRequest: token numbers, or a size that the model does not have.
    """
    size = size_asked(request, facts.embeddings)
    cut = None if request.truncate is None else request.truncate != "none"
    calls = tuple(EmbeddingCall(_body(one, facts.embeddings, size, cut), 1) for one in request.inputs)
    return LoweredEmbeddings(calls, tuple(_losses(request, facts.embeddings)))


def _body(one: EmbeddingInput, facts: EmbeddingFacts, size: int | None, cut: bool | None) -> bytes:
    text, task, title = google_words.said(one, facts)
    settings = _Settings(task, title, size, cut)
    return msgspec.json.encode(_Request(_Content([_Part(text)]), None if settings == _Settings() else settings))


def _losses(request: EmbeddingRequest, facts: EmbeddingFacts) -> Iterator[Loss]:
    if request.truncate == "start":
        yield request.loss("truncate", f"{_VENDOR} cuts texts at their end", "approximated")
    yield from google_words.losses(request, facts, _VENDOR)


def lift_answer(replies: Sequence[EmbeddingReply], model: str) -> EmbeddingAnswer:
    """Return the vectors of all replies.

    Raises:
        ValueError: a reply is not of the format.
    """
    return put_together(replies, model, _read)


def _read(reply: EmbeddingReply) -> Part:
    answer = decode_reply(_answer, reply)
    tokens = as_count(answer.usage_metadata.prompt_token_count) if answer.usage_metadata else None
    return Part([Embedding(answer.embedding.values, answer.truncated)], tokens)


UPSTREAM = EmbeddingFormat(id="vertex_embed_content", lower=lower, lift_answer=lift_answer, read_error=read_error)

"""Text embeddings of Vertex AI by ``:predict``: ``text-embedding-005`` and older models, and ``gemini-embedding-001``.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api and
``…/docs/embeddings/get-text-embeddings`` (read 2026-11-23). How many texts one call takes is a fact of the model
(Gemini's takes one), and all together may have 20,000 tokens; nobody counts them here, so a call has no more bytes than
could be as many in nearly any language. Texts that are too long are cut at their end unless ``autoTruncate`` is false;
each vector says whether its text was. Newer Gemini models are in ``vertex_embed_content``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingRequest
from penstock.core.loss import Loss
from penstock.core.model_facts import EmbeddingFacts, ModelFacts
from penstock.wire.embeddings import google_words
from penstock.wire.embeddings.inputs import below_weight, in_batches, size_asked
from penstock.wire.embeddings.replies import Part, as_count, decode_reply, put_together
from penstock.wire.gemini_generate.errors import read_error

MAX_TOKENS_PER_CALL = 20_000
LEAST_BYTES_PER_TOKEN = 2
_VENDOR = "Vertex AI"


class _Instance(msgspec.Struct, omit_defaults=True):
    content: str
    task_type: str | None = None
    title: str | None = None


class _Parameters(msgspec.Struct, omit_defaults=True, rename="camel", frozen=True):
    output_dimensionality: int | None = None
    auto_truncate: bool | None = None


class _Request(msgspec.Struct, omit_defaults=True):
    instances: list[_Instance]
    parameters: _Parameters | None = None


class _Statistics(msgspec.Struct):
    token_count: float | None = None
    truncated: bool | None = None


class _Values(msgspec.Struct):
    values: list[float]
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Values


class _Answer(msgspec.Struct):
    predictions: list[_Prediction]


_answer = msgspec.json.Decoder(_Answer)


def lower(request: EmbeddingRequest, _model: str, facts: ModelFacts) -> LoweredEmbeddings:
    """Return calls with as many texts as the model takes.

    Raises:
        InvalidRequest: token numbers, or a size that the model does not have.
    """
    cut = None if request.truncate is None else request.truncate != "none"
    asked = _Parameters(size_asked(request, facts.embeddings), cut)
    parameters = None if asked == _Parameters() else asked
    calls: list[EmbeddingCall] = []
    for most in in_batches(request.inputs, facts.embeddings.inputs_per_call):
        for batch in below_weight(most, MAX_TOKENS_PER_CALL, _most_tokens):
            instances = [_Instance(*google_words.said(one, facts.embeddings)) for one in batch]
            calls.append(EmbeddingCall(msgspec.json.encode(_Request(instances, parameters)), len(batch)))
    return LoweredEmbeddings(tuple(calls), tuple(_losses(request, facts.embeddings)))


def _most_tokens(text: str) -> int:
    return len(text.encode()) // LEAST_BYTES_PER_TOKEN + 1


def _losses(request: EmbeddingRequest, facts: EmbeddingFacts) -> Iterator[Loss]:
    if request.truncate == "start":
        yield request.loss("truncate", f"{_VENDOR} cuts texts at their end", "approximated")
    yield from google_words.losses(request, facts, _VENDOR)


def lift_answer(replies: Sequence[EmbeddingReply], model: str) -> EmbeddingAnswer:
    """Return the vectors of all replies.

    Raises:
        ValueError: a reply is not of the format, or holds too few or too many vectors.
    """
    return put_together(replies, model, _read)


def _read(reply: EmbeddingReply) -> Part:
    values = [prediction.embeddings for prediction in decode_reply(_answer, reply).predictions]
    counts = [as_count(each.statistics.token_count) for each in values if each.statistics]
    counted = [count for count in counts if count is not None]
    embeddings = [Embedding(each.values, each.statistics.truncated if each.statistics else None) for each in values]
    return Part(embeddings, sum(counted) if len(counted) == len(values) else None)


UPSTREAM = EmbeddingFormat(id="vertex_predict_embeddings", lower=lower, lift_answer=lift_answer, read_error=read_error)

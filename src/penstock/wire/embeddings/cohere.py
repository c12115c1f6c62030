"""Cohere's own embeddings (API v2, ``/v2/embed``): up to 96 texts of one ``input_type`` a call.

https://docs.cohere.com/reference/embed, and the types of Cohere's Python SDK 7.3 (read 2026-11-23). Vectors are asked
for as numbers even for a caller who wants base64: the page does not say how wide and in which byte order those of
Cohere are. The same models on Bedrock are in ``cohere_bedrock``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.cohere_errors import read_error
from penstock.wire.embeddings import cohere_words
from penstock.wire.embeddings.inputs import in_batches, size_asked, text_of
from penstock.wire.embeddings.replies import Part, as_count, decode_reply, put_together


class _Request(msgspec.Struct, omit_defaults=True):
    model: str
    texts: list[str]
    input_type: str
    embedding_types: tuple[str, ...]
    output_dimension: int | None = None
    truncate: str | None = None


class _Vectors(msgspec.Struct):
    numbers: list[list[float]] = msgspec.field(name="float")


class _Tokens(msgspec.Struct):
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    tokens: _Tokens | None = None
    billed_units: _Tokens | None = None


class _Answer(msgspec.Struct):
    embeddings: _Vectors
    meta: _Meta | None = None


_answer = msgspec.json.Decoder(_Answer)


def lower(request: EmbeddingRequest, model: str, facts: ModelFacts) -> LoweredEmbeddings:
    """Return one call for every 96 inputs of the same task.

    Raises:
        InvalidRequest: token numbers, or a size that the model does not have.
    """
    size = size_asked(request, facts.embeddings)
    truncate = request.truncate and cohere_words.START_END[request.truncate]
    calls: list[EmbeddingCall] = []
    for batch in in_batches(request.inputs, cohere_words.MAX_INPUTS_PER_CALL, cohere_words.task_of):
        texts, task = [text_of(each) for each in batch], cohere_words.task_of(batch[0])
        body = msgspec.json.encode(_Request(model, texts, task, ("float",), size, truncate))
        calls.append(EmbeddingCall(body, len(batch)))
    return LoweredEmbeddings(tuple(calls), tuple(cohere_words.losses(request, "Cohere")))


def lift_answer(replies: Sequence[EmbeddingReply], model: str) -> EmbeddingAnswer:
    """Return the vectors of all replies.

    Raises:
        ValueError: a reply is not of the format, or holds too few or too many vectors.
    """
    return put_together(replies, model, _read)


def _read(reply: EmbeddingReply) -> Part:
    answer = decode_reply(_answer, reply)
    return Part([Embedding(numbers) for numbers in answer.embeddings.numbers], _tokens(answer.meta))


def _tokens(meta: _Meta | None) -> int | None:
    """Return the tokens of the texts; the count that is billed where there is no other, as for embeddings today."""
    for counts in (meta.tokens, meta.billed_units) if meta else ():
        if counts is not None and (tokens := as_count(counts.input_tokens)) is not None:
            return tokens
    return None


UPSTREAM = EmbeddingFormat(id="cohere_embed", lower=lower, lift_answer=lift_answer, read_error=read_error)

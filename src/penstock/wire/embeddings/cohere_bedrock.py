"""Cohere's embeddings on Amazon Bedrock by InvokeModel: up to 96 texts of one ``input_type`` a call.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html and ``…-embed-v4.html`` (read
2026-11-23). The body counts no tokens; Bedrock does in ``x-amzn-bedrock-input-token-count``. Version 4 takes
``output_dimension``, and calls the ends of a text left and right. Where the calls go and how they are signed is not
here, nor is Cohere's own service (``cohere``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingRequest
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.errors import read_error
from penstock.wire.embeddings import cohere_words
from penstock.wire.embeddings.inputs import in_batches, size_asked, text_of
from penstock.wire.embeddings.replies import Part, decode_reply, put_together

TOKENS_HEADER = b"x-amzn-bedrock-input-token-count"


class _Request(msgspec.Struct, omit_defaults=True):
    texts: list[str]
    input_type: str
    embedding_types: tuple[str, ...]
    output_dimension: int | None = None
    truncate: str | None = None


class _ByType(msgspec.Struct):
    numbers: list[list[float]] = msgspec.field(name="float")


class _Answer(msgspec.Struct):
    embeddings: list[list[float]] | _ByType
    """By type when types were asked for; the bare list is what a model answers that was not asked."""


_answer = msgspec.json.Decoder(_Answer)


def lower(request: EmbeddingRequest, _model: str, facts: ModelFacts) -> LoweredEmbeddings:
    """Return one call for every 96 inputs of the same task.

    Raises:
        InvalidRequest: token numbers, or a size that the model does not have.
    """
    size = size_asked(request, facts.embeddings)
    words = cohere_words.LEFT_RIGHT if facts.embeddings.truncation == "left_right" else cohere_words.START_END
    truncate = request.truncate and words[request.truncate]
    calls: list[EmbeddingCall] = []
    for batch in in_batches(request.inputs, cohere_words.MAX_INPUTS_PER_CALL, cohere_words.task_of):
        texts, task = [text_of(each) for each in batch], cohere_words.task_of(batch[0])
        body = msgspec.json.encode(_Request(texts, task, ("float",), size, truncate))
        calls.append(EmbeddingCall(body, len(batch)))
    return LoweredEmbeddings(tuple(calls), tuple(cohere_words.losses(request, "Cohere on Bedrock")))


def lift_answer(replies: Sequence[EmbeddingReply], model: str) -> EmbeddingAnswer:
    """Return the vectors of all replies.

    Raises:
        ValueError: a reply is not of the format, or holds too few or too many vectors.
    """
    return put_together(replies, model, _read)


def _read(reply: EmbeddingReply) -> Part:
    found = decode_reply(_answer, reply).embeddings
    vectors = found.numbers if isinstance(found, _ByType) else found
    return Part([Embedding(numbers) for numbers in vectors], _tokens(reply.headers))


def _tokens(headers: Mapping[bytes, bytes]) -> int | None:
    value = headers.get(TOKENS_HEADER, b"").strip()
    return int(value) if value.isdigit() and len(value) < 19 else None


UPSTREAM = EmbeddingFormat(id="cohere_bedrock_embeddings", lower=lower, lift_answer=lift_answer, read_error=read_error)

"""Amazon Titan text embeddings by Bedrock's InvokeModel: one text a call, so a batch becomes as many calls.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html (read 2026-11-23). Version
1 takes ``inputText`` only, version 2 also ``dimensions`` and ``normalize``. A text that is too long is an error there.
Where the calls go and how they are signed is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.embedding_format import EmbeddingCall, EmbeddingFormat, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import Embedding, EmbeddingAnswer, EmbeddingRequest
from penstock.core.loss import Loss
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.errors import read_error
from penstock.wire.embeddings.inputs import lost_everywhere, lost_tasks, size_asked, text_of
from penstock.wire.embeddings.replies import Part, as_count, decode_reply, put_together

_VENDOR = "Amazon Titan"


class _Request(msgspec.Struct, omit_defaults=True):
    inputText: str  # noqa: N815 - the vendor's name
    dimensions: int | None = None
    normalize: bool | None = None


class _Answer(msgspec.Struct):
    embedding: list[float]
    inputTextTokenCount: float | None = None  # noqa: N815 - the vendor's name


_answer = msgspec.json.Decoder(_Answer)


def lower(request: EmbeddingRequest, _model: str, facts: ModelFacts) -> LoweredEmbeddings:
    """Return one call for each input.

    Raises:
        InvalidRequest: token numbers, or a size that the model does not have.
    """
    size = size_asked(request, facts.embeddings)
    normalize = False if request.normalize is False else None  # true is the default, and all that version 1 can
    calls = tuple(
        EmbeddingCall(msgspec.json.encode(_Request(text_of(one), size, normalize)), 1) for one in request.inputs
    )
    return LoweredEmbeddings(calls, tuple(_losses(request)))


def _losses(request: EmbeddingRequest) -> Iterator[Loss]:
    yield from lost_tasks(request, _VENDOR)
    if request.truncate not in {None, "none"}:
        yield request.loss("truncate", f"{_VENDOR} refuses a text that is too long")
    yield from lost_everywhere(request, _VENDOR)


def lift_answer(replies: Sequence[EmbeddingReply], model: str) -> EmbeddingAnswer:
    """Return the vectors of all replies.

    Raises:
        ValueError: a reply is not Titan's.
    """
    return put_together(replies, model, _read)


def _read(reply: EmbeddingReply) -> Part:
    answer = decode_reply(_answer, reply)
    return Part([Embedding(answer.embedding)], as_count(answer.inputTextTokenCount))


UPSTREAM = EmbeddingFormat(id="titan_embeddings", lower=lower, lift_answer=lift_answer, read_error=read_error)

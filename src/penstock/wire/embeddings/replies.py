"""What every embeddings format does with the replies to its calls: decode, check, and put together in order.

A reply with another number of vectors than inputs would give every later input another's vector, so it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from penstock.core.embedding_format import EmbeddingReply
from penstock.core.embeddings import Embedding, EmbeddingAnswer
from penstock.core.usage import UNREPORTED, Usage

T = TypeVar("T")


class Part(NamedTuple):
    """What one reply holds: vectors, and the tokens it counted, None when it does not say."""

    embeddings: list[Embedding]
    tokens: int | None


def decode_reply(decoder: msgspec.json.Decoder[T], reply: EmbeddingReply) -> T:
    """Decode the body of a reply.

    Raises:
        ValueError: it is not of the format.
    """
    try:
        return decoder.decode(reply.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not an embeddings answer: {error}"
        raise ValueError(msg) from error


def put_together(
    replies: Sequence[EmbeddingReply], model: str, read: Callable[[EmbeddingReply], Part]
) -> EmbeddingAnswer:
    """Return the answer that the replies make; its tokens are counted only if every reply counted.

    Raises:
        ValueError: a reply is not of the format, does not hold as many vectors as it must, or holds an empty one.
    """
    embeddings: list[Embedding] = []
    counts: list[int | None] = []
    for reply in replies:
        part = read(reply)
        if len(part.embeddings) != reply.inputs:
            msg = f"{len(part.embeddings)} vectors for {reply.inputs} inputs"
            raise ValueError(msg)
        if not all(one.vector for one in part.embeddings):
            msg = "a vector without numbers"
            raise ValueError(msg)
        embeddings += part.embeddings
        counts.append(part.tokens)
    counted = [count for count in counts if count is not None]
    usage = Usage(input_tokens=sum(counted)) if counted and len(counted) == len(counts) else UNREPORTED
    return EmbeddingAnswer(model=model, embeddings=embeddings, usage=usage)


def as_count(value: float | None) -> int | None:
    """Return a count that some vendors write as ``6.0``; None when it is absent or no count."""
    return int(value) if value is not None and 0 <= value < 2**63 and value == int(value) else None

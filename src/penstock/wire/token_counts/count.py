"""A count of tokens in the neutral form: an answer of no choices, with the number as its only extra."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from penstock.core.chat_answer import ChatAnswer
from penstock.core.chat_format import AnswerContext

COUNT = "input_tokens"
Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
T = TypeVar("T")


def as_answer(tokens: int, context: AnswerContext) -> ChatAnswer:
    """Return a count as an answer."""
    extras = {COUNT: msgspec.Raw(str(tokens).encode())}
    return ChatAnswer(id=context.request_id, model=context.model, choices=[], extras=extras)


def read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Read the answer of a provider.

    Raises:
        ValueError: it is not the format.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        msg = f"not a count of tokens: {error}"
        raise ValueError(msg) from error

"""Gemini's ``countTokens`` on AI Studio: a whole request for content, which names its model again.

https://ai.google.dev/api/tokens (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_answer import ChatAnswer
from penstock.core.chat_format import AnswerContext, Lowered, UpstreamFormat
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.decode_events import StreamDecoder
from penstock.wire.gemini_generate.errors import read_error
from penstock.wire.gemini_generate.lower_request import lower_request
from penstock.wire.token_counts.count import Tokens, as_answer, read


class _Count(msgspec.Struct, rename="camel"):
    total_tokens: Tokens = 0
    """Not said where it is 0, as in all JSON that Google makes of its messages."""


_count_decoder = msgspec.json.Decoder(_Count)


def lower(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Return the body, and what of the request Gemini does not carry.

    Raises:
        InvalidRequest: something that no Gemini model could take; ``param`` names the caller's path.
    """
    lowered = lower_request(request, model, facts)
    edit = JsonEdit(JsonObject(lowered.body))
    edit.set("model", msgspec.json.encode(f"models/{model.removeprefix('models/')}"))
    return Lowered(b'{"generateContentRequest":%b}' % edit.render(), lowered.losses)


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the count.

    Raises:
        ValueError: not the format.
    """
    return as_answer(read(_count_decoder, body).total_tokens, context)


UPSTREAM = UpstreamFormat(
    id="gemini_generate", lower=lower, lift_answer=lift_answer, decoder=StreamDecoder, read_error=read_error
)

"""Bedrock's CountTokens for a Converse request.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html (read 2026-11-23): of a Converse
request, it takes the messages, the system prompt, the tools and the model's own fields.
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_answer import ChatAnswer
from penstock.core.chat_format import AnswerContext, Lowered, UpstreamFormat
from penstock.core.model_facts import ModelFacts
from penstock.wire.bedrock_converse.decode_events import ConverseDecoder
from penstock.wire.bedrock_converse.errors import read_error
from penstock.wire.bedrock_converse.lower_request import lower_request
from penstock.wire.token_counts.count import Tokens, as_answer, read

COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")


class _Count(msgspec.Struct, rename="camel"):
    input_tokens: Tokens


_count_decoder = msgspec.json.Decoder(_Count)
_body_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def lower(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Return the body, and what of the request a Converse request would not carry.

    Raises:
        InvalidRequest: content or names that the API cannot carry; ``param`` is the caller's path.
    """
    lowered = lower_request(request, model, facts)
    body = _body_decoder.decode(lowered.body)
    counted = {name: body[name] for name in COUNTED if name in body}
    return Lowered(msgspec.json.encode({"input": {"converse": counted}}), lowered.losses)


def lift_answer(body: bytes, context: AnswerContext) -> ChatAnswer:
    """Return the count.

    Raises:
        ValueError: not the format.
    """
    return as_answer(read(_count_decoder, body).input_tokens, context)


UPSTREAM = UpstreamFormat(
    id="bedrock_converse",
    lower=lower,
    lift_answer=lift_answer,
    decoder=ConverseDecoder,
    read_error=read_error,
    wants_bytes=lambda _block: True,
)

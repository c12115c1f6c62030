"""Gemini's ``countTokens`` on Vertex AI: some members of a request for content.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Lowered, UpstreamFormat
from penstock.core.model_facts import ModelFacts
from penstock.wire.gemini_generate.decode_events import StreamDecoder
from penstock.wire.gemini_generate.errors import read_error
from penstock.wire.gemini_generate.lower_request import lower_request
from penstock.wire.token_counts.gemini import lift_answer

COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")
_body_decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def lower(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Return the body, and what of the request Gemini does not carry.

    Raises:
        InvalidRequest: something that no Gemini model could take; ``param`` names the caller's path.
    """
    lowered = lower_request(request, model, facts)
    body = _body_decoder.decode(lowered.body)
    return Lowered(msgspec.json.encode({name: body[name] for name in COUNTED if name in body}), lowered.losses)


UPSTREAM = UpstreamFormat(
    id="gemini_generate", lower=lower, lift_answer=lift_answer, decoder=StreamDecoder, read_error=read_error
)

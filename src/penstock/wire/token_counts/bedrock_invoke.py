"""Bedrock's CountTokens for Claude by InvokeModel: the body of such a request as base64 in JSON.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html (read 2026-11-23). The body in it
is what InvokeModel takes: no model, a version, betas as a member.
"""

from __future__ import annotations

from base64 import b64encode

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_format import Lowered, UpstreamFormat
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.model_facts import ModelFacts
from penstock.wire.anthropic_messages.decode_events import AnthropicEvents
from penstock.wire.anthropic_messages.errors import read_error
from penstock.wire.anthropic_messages.lower_request import lower_request
from penstock.wire.token_counts.bedrock_converse import lift_answer

VERSION = b'"bedrock-2023-05-31"'


def lower(request: ChatRequest, model: str, facts: ModelFacts) -> Lowered:
    """Return the body, and what of the request the API does not carry.

    Raises:
        InvalidRequest: content or names that the API cannot carry; ``param`` is the caller's path.
    """
    lowered = lower_request(request, model, facts)
    edit = JsonEdit(JsonObject(lowered.body))
    edit.remove("model")
    edit.set("anthropic_version", VERSION)
    betas = [beta for name, value in lowered.headers if name == "anthropic-beta" for beta in value.split(",")]
    if betas:
        edit.set("anthropic_beta", msgspec.json.encode([beta.strip() for beta in betas]))
    body = {"input": {"invokeModel": {"body": b64encode(edit.render()).decode("ascii")}}}
    return Lowered(msgspec.json.encode(body), lowered.losses)


UPSTREAM = UpstreamFormat(
    id="anthropic_messages",
    lower=lower,
    lift_answer=lift_answer,
    decoder=AnthropicEvents,
    read_error=read_error,
    wants_bytes=lambda _block: True,
)

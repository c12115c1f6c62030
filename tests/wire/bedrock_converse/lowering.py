"""Lowers a short question with further fields, for tests that look at one part of the body."""

from __future__ import annotations

import json
from typing import Any

from penstock.core.chat import ChatRequest, Message, Text
from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts
from penstock.wire.bedrock_converse.lower_request import lower_request
from tests.wire.chat_oracles import check_bedrock_request

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ASKED = [Message("user", [Text("Hello")], at="messages[0]")]
Lost = list[tuple[str, str]]


def lower(
    *messages: Message,
    model: str = CLAUDE,
    facts: ModelFacts = UNKNOWN_MODEL,
    vendor: str = "anthropic_messages",
    **fields: Any,
) -> tuple[dict[str, Any], Lost]:
    """Return the body, which the service takes, and the losses as path and kind."""
    request = ChatRequest(vendor, {}, list(messages) or ASKED, **fields)
    lowered = lower_request(request, model, facts)
    body = json.loads(lowered.body)
    check_bedrock_request(body)
    return body, [(loss.path, loss.kind) for loss in lowered.losses]

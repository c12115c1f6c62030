"""Anthropic messages as a format that upstreams speak: Anthropic itself, and Claude on Vertex AI and Bedrock."""

from __future__ import annotations

from penstock.core.chat_format import UpstreamFormat
from penstock.wire.anthropic_messages.decode_events import AnthropicEvents
from penstock.wire.anthropic_messages.errors import read_error
from penstock.wire.anthropic_messages.lift_answer import lift_answer
from penstock.wire.anthropic_messages.lower_request import lower_request
from penstock.wire.anthropic_messages.vocabulary import FORMAT

UPSTREAM = UpstreamFormat(
    id=FORMAT,
    lower=lower_request,
    lift_answer=lift_answer,
    decoder=AnthropicEvents,
    read_error=read_error,
)

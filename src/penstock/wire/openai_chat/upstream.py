"""OpenAI chat as providers speak it."""

from __future__ import annotations

from types import MappingProxyType

from penstock.core.chat import Document
from penstock.core.chat_format import UpstreamFormat
from penstock.wire.openai_chat.decode_events import StreamDecoder
from penstock.wire.openai_chat.errors import read_error
from penstock.wire.openai_chat.facts import ask_for_usage
from penstock.wire.openai_chat.lift_answer import lift_answer
from penstock.wire.openai_chat.lower_request import lower_request

UPSTREAM = UpstreamFormat(
    id="openai_chat",
    lower=lower_request,
    lift_answer=lift_answer,
    decoder=StreamDecoder,
    read_error=read_error,
    ask_for_usage=ask_for_usage,
    wants_bytes=lambda block: isinstance(block, Document),
    fields=MappingProxyType(
        {
            "max_completion_tokens": "max_output_tokens",
            "max_tokens": "max_output_tokens",
            "n": "choices",
            "reasoning_effort": "reasoning",
            "safety_identifier": "user",
            "stream_options": "",
        }
    ),
)

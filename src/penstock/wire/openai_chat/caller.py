"""OpenAI chat as callers speak it."""

from __future__ import annotations

from penstock.core.chat_format import CallerFormat
from penstock.wire.openai_chat.encode_events import StreamEncoder
from penstock.wire.openai_chat.lift_request import lift_request
from penstock.wire.openai_chat.lower_answer import lower_answer
from penstock.wire.openai_chat.render_error import render_vendor_error

CALLER = CallerFormat(
    id="openai_chat",
    lift=lift_request,
    lower_answer=lower_answer,
    encoder=StreamEncoder,
    render_vendor_error=render_vendor_error,
)

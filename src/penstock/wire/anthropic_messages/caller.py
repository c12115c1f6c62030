"""Anthropic's messages API as a format that callers speak: where its functions are."""

from __future__ import annotations

from penstock.core.chat_format import CallerFormat
from penstock.wire.anthropic_messages.caller_errors import render_vendor_error
from penstock.wire.anthropic_messages.encode_events import Encoder
from penstock.wire.anthropic_messages.lift_request import lift_request
from penstock.wire.anthropic_messages.lower_answer import lower_answer
from penstock.wire.anthropic_messages.vocabulary import FORMAT

CALLER = CallerFormat(
    id=FORMAT,
    lift=lift_request,
    lower_answer=lower_answer,
    encoder=Encoder,
    render_vendor_error=render_vendor_error,
)

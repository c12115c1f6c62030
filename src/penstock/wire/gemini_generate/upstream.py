"""Declares Gemini's generateContent as a format that providers speak."""

from __future__ import annotations

from penstock.core.chat_format import UpstreamFormat
from penstock.wire.gemini_generate.decode_events import StreamDecoder
from penstock.wire.gemini_generate.errors import read_error
from penstock.wire.gemini_generate.lift_answer import lift_answer
from penstock.wire.gemini_generate.lower_request import lower_request
from penstock.wire.gemini_generate.vocabulary import FORMAT

UPSTREAM = UpstreamFormat(
    id=FORMAT,
    lower=lower_request,
    lift_answer=lift_answer,
    decoder=StreamDecoder,
    read_error=read_error,
)

"""Declares Bedrock's Converse API as a format that providers speak. The parts are in the modules beside this one."""

from __future__ import annotations

from penstock.core.chat_format import UpstreamFormat
from penstock.wire.bedrock_converse.decode_events import ConverseDecoder
from penstock.wire.bedrock_converse.errors import read_error
from penstock.wire.bedrock_converse.lift_answer import lift_answer
from penstock.wire.bedrock_converse.lower_request import lower_request
from penstock.wire.bedrock_converse.vocabulary import FORMAT

UPSTREAM = UpstreamFormat(
    id=FORMAT,
    lower=lower_request,
    lift_answer=lift_answer,
    decoder=ConverseDecoder,
    read_error=read_error,
    framing="aws_eventstream",
    wants_bytes=lambda _block: True,
)

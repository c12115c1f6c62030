"""Cohere's chat as a format that upstreams speak."""

from __future__ import annotations

from penstock.core.chat_format import UpstreamFormat
from penstock.wire.cohere_chat.decode_events import CohereEvents
from penstock.wire.cohere_chat.lift_answer import lift_answer
from penstock.wire.cohere_chat.lower_request import lower_request
from penstock.wire.cohere_chat.vocabulary import FORMAT
from penstock.wire.cohere_errors import read_error

UPSTREAM = UpstreamFormat(
    id=FORMAT,
    lower=lower_request,
    lift_answer=lift_answer,
    decoder=CohereEvents,
    read_error=read_error,
)

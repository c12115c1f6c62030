"""``POST /v1/chat/completions``."""

from __future__ import annotations

from penstock.core.endpoint import Endpoint
from penstock.wire import openai_errors
from penstock.wire.framing.sse import render_event
from penstock.wire.openai_chat import facts

ENDPOINT = Endpoint(
    id="chat_completions",
    path="/v1/chat/completions",
    title="Chat completions",
    streams=True,
    chat_format="openai_chat",
    read_request=facts.read_request,
    ask_for_usage=facts.ask_for_usage,
    read_answer=facts.read_answer,
    read_event=facts.read_event,
    read_opening=facts.read_opening,
    end_of_stream=facts.END_OF_STREAM,
    closing_event=render_event(facts.END_OF_STREAM),
    render_error=openai_errors.render_error,
    adopt_error=openai_errors.adopt_error,
    render_error_event=openai_errors.render_error_event,
)

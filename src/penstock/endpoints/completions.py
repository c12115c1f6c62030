"""``POST /v1/completions``, the legacy endpoint: framed like chat completions, so read by the same code."""

from __future__ import annotations

from penstock.core.endpoint import Endpoint
from penstock.wire import openai_errors
from penstock.wire.framing.sse import render_event
from penstock.wire.openai_chat import facts

ENDPOINT = Endpoint(
    id="completions",
    path="/v1/completions",
    title="Completions (legacy)",
    streams=True,
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

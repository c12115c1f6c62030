"""``POST /v1/chat/completions``."""

from __future__ import annotations

from penstock.core.endpoint import Endpoint
from penstock.wire import openai_chat, openai_errors

ENDPOINT = Endpoint(
    id="chat_completions",
    path="/v1/chat/completions",
    title="Chat completions",
    streams=True,
    read_request=openai_chat.read_request,
    ask_for_usage=openai_chat.ask_for_usage,
    read_answer=openai_chat.read_answer,
    read_event=openai_chat.read_event,
    end_of_stream=openai_chat.END_OF_STREAM,
    render_error=openai_errors.render_error,
    adopt_error=openai_errors.adopt_error,
    render_error_event=openai_errors.render_error_event,
)

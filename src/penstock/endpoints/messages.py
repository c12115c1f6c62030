"""``POST /v1/messages``, Anthropic's chat; also below ``/anthropic``, where the Envoy AI Gateway has it."""

from __future__ import annotations

from penstock.core.endpoint import Endpoint
from penstock.wire.anthropic_messages import caller_errors, facts
from penstock.wire.anthropic_messages.foreign_marks import drop_foreign_marks
from penstock.wire.anthropic_messages.media_by_url import edit_media

ENDPOINT = Endpoint(
    id="messages",
    path="/v1/messages",
    aliases=("/anthropic/v1/messages",),
    request_id_header=b"request-id",
    title="Messages",
    chat_format="anthropic_messages",
    streams=True,
    read_request=facts.read_request,
    drop_foreign_marks=drop_foreign_marks,
    edit_media=edit_media,
    read_answer=facts.read_answer,
    read_event=facts.read_event,
    read_opening=facts.read_opening,
    closing_event=facts.CLOSING_EVENT,
    merge_usage=facts.merge_usage,
    render_error=caller_errors.render_error,
    adopt_error=caller_errors.adopt_error,
    render_error_event=caller_errors.render_error_event,
)

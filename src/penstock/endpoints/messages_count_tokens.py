"""``POST /v1/messages/count_tokens``: how long a prompt is, for providers that count it; nothing is used by that."""

from __future__ import annotations

from penstock.core.endpoint import Endpoint
from penstock.wire.anthropic_messages import caller_errors, facts
from penstock.wire.anthropic_messages.foreign_marks import drop_foreign_marks
from penstock.wire.anthropic_messages.media_by_url import edit_media

ENDPOINT = Endpoint(
    id="count_tokens",
    path="/v1/messages/count_tokens",
    aliases=("/anthropic/v1/messages/count_tokens",),
    request_id_header=b"request-id",
    title="Token counting",
    streams=False,
    read_request=facts.read_count_request,
    drop_foreign_marks=drop_foreign_marks,
    edit_media=edit_media,
    read_answer=facts.read_count,
    render_error=caller_errors.render_error,
    adopt_error=caller_errors.adopt_error,
)

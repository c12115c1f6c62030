from __future__ import annotations

from penstock.core.chat_format import AnswerContext
from penstock.wire.anthropic_messages.decode_events import AnthropicEvents
from penstock.wire.chat_formats import find_upstream_format


def test_the_format_is_found_by_its_name() -> None:
    upstream = find_upstream_format("anthropic_messages")
    assert (upstream.id, upstream.framing) == ("anthropic_messages", "sse")
    assert isinstance(upstream.decoder(AnswerContext(model="m", request_id="r")), AnthropicEvents)

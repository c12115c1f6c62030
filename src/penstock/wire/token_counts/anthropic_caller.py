"""``POST /v1/messages/count_tokens`` as its callers speak it, for providers that speak something else.

A request is one for a message without what only an answer needs; it is lifted as such. The answer is one number, which
the lift of a provider's format gives as an extra of an answer that has nothing else: a count uses no tokens.
https://platform.claude.com/docs/en/api/messages-count-tokens (read 2026-11-23).
"""

from __future__ import annotations

import msgspec

from penstock.core.chat import ChatRequest
from penstock.core.chat_answer import ChatAnswer
from penstock.core.chat_format import CallerFormat
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.wire.anthropic_messages.caller_errors import render_vendor_error
from penstock.wire.anthropic_messages.encode_events import Encoder
from penstock.wire.anthropic_messages.lift_request import lift_request
from penstock.wire.anthropic_messages.vocabulary import FORMAT
from penstock.wire.token_counts.count import COUNT


def lift(body: JsonObject) -> ChatRequest:
    """Return the prompt; the limit of the answer, which nobody asked for, leaves room for the thinking budget only.

    Raises:
        InvalidRequest: not Anthropic's format; ``param`` is the JSON path of what is wrong.
    """
    edit = JsonEdit(body)
    edit.set("max_tokens", b"1")
    edit.remove("stream")
    chat = lift_request(JsonObject(edit.render()))
    if chat.reasoning is not None and chat.reasoning.budget_tokens:
        chat.max_output_tokens = chat.reasoning.budget_tokens + 1
    return chat


def lower_answer(answer: ChatAnswer, _request: ChatRequest) -> bytes:
    """Return the count as Anthropic gives it."""
    return msgspec.json.encode({"input_tokens": answer.extras[COUNT]})


CALLER = CallerFormat(
    id=FORMAT,
    lift=lift,
    lower_answer=lower_answer,
    encoder=Encoder,
    render_vendor_error=render_vendor_error,
)

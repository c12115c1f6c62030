"""Groq.

https://console.groq.com/docs/openai, and Groq's Python SDK 1.7 for the variables and the request's members
(read 2026-11-23). Members of messages that it does not know are a 400 ("property 'reasoning_content' is unsupported"):
https://github.com/janhq/jan/issues/8136.
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider, below_root
from penstock.wire.openai_chat.foreign_marks import drop_foreign_marks
from penstock.wire.openai_fields import drop_fields, drop_from_items, keep_one_choice, report_ignored

REFUSED = ("logprobs", "logit_bias", "top_logprobs")
UNSUPPORTED = ("frequency_penalty", "presence_penalty", "metadata", "store")


def drop_refused_fields(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``logprobs``, ``top_logprobs``, ``logit_bias``, ``messages[].name``, set ``n`` to 1, or it is a 400."""
    drop_fields(edit, REFUSED, "Groq answers 400 to it")
    drop_from_items(edit, "messages", "name", "Groq answers 400 to it")
    keep_one_choice(edit, "Groq answers 400 to other numbers than 1")


def report_unsupported_fields(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report ``frequency_penalty``, ``presence_penalty``, ``metadata`` and ``store``, which no model supports yet."""
    report_ignored(edit, UNSUPPORTED, "Groq does not support it yet")


PROVIDER = Provider(
    id="groq",
    title="Groq",
    base_url="https://api.groq.com/openai/v1",
    paths={"chat_completions": "/chat/completions"},
    key_env=("GROQ_API_KEY",),
    base_url_env=("GROQ_BASE_URL",),
    read_base_url=below_root("/openai/v1"),
    request_quirks=(drop_refused_fields, drop_foreign_marks, report_unsupported_fields),
    model_patterns=("groq/*",),
    models=("openai/gpt-oss-120b", "qwen/qwen3.8-27b", "llama-3.3-70b-versatile"),
    docs=("https://console.groq.com/docs/openai", "https://console.groq.com/docs/api-reference"),
    verified="2026-11-23",
    notes="GROQ_BASE_URL is the address without /openai/v1, as Groq's SDK has it.",
)

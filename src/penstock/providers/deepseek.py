"""DeepSeek.

https://api-docs.deepseek.com/api/create-chat-completion and https://api-docs.deepseek.com/guides/thinking_mode
(read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import move_output_limit, report_ignored, value_of
from penstock.wire.openai_usage import usage_reader

IGNORED_WHEN_THINKING = ("temperature", "presence_penalty", "frequency_penalty")


def use_older_output_limit(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Move ``max_completion_tokens`` to ``max_tokens``, the only name that the reference has for it."""
    move_output_limit(edit, "DeepSeek's reference knows max_tokens only")


def report_what_thinking_ignores(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report ``temperature`` and the penalties, which have no effect while the model thinks, as it does by default."""
    thinking = value_of(edit, "thinking")
    if not (isinstance(thinking, dict) and thinking.get("type") == "disabled"):
        report_ignored(edit, IGNORED_WHEN_THINKING, "DeepSeek ignores it in thinking mode")


PROVIDER = Provider(
    id="deepseek",
    title="DeepSeek",
    base_url="https://api.deepseek.com",
    paths={"chat_completions": "/chat/completions"},
    key_env=("DEEPSEEK_API_KEY",),
    request_quirks=(use_older_output_limit, report_what_thinking_ignores),
    read_usage=usage_reader(cached_input_tokens=("prompt_cache_hit_tokens",)),
    model_patterns=("deepseek-*",),
    models=("deepseek-flash", "deepseek-v4-pro"),
    docs=(
        "https://api-docs.deepseek.com/api/create-chat-completion",
        "https://api-docs.deepseek.com/guides/thinking_mode",
        "https://api-docs.deepseek.com/guides/kv_cache",
    ),
    verified="2026-11-23",
    notes="Completions exist as a beta for filling in the middle, under another base URL, and are not offered.",
)

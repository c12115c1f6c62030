"""SambaNova.

https://docs.sambanova.ai/docs/en/features/openai-compatibility, and SambaNova's Python SDK 1.13 for the variables and
the request's members (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import report_ignored


def report_ignored_fields(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report the penalties, which are accepted and do nothing, and ``logprobs`` of completions."""
    report_ignored(edit, ("frequency_penalty", "presence_penalty"), "SambaNova accepts it and does nothing with it")
    if endpoint == "completions":
        report_ignored(edit, ("logprobs", "top_logprobs"), "SambaNova does not support it in completions yet")


PROVIDER = Provider(
    id="sambanova",
    title="SambaNova",
    base_url="https://api.sambanova.ai/v1",
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_env=("SAMBANOVA_API_KEY",),
    base_url_env=("SAMBA_NOVA_BASE_URL",),
    request_quirks=(report_ignored_fields,),
    models=("gpt-oss-120b", "MiniMax-M3", "DeepSeek-V3.2"),
    docs=("https://docs.sambanova.ai/docs/en/features/openai-compatibility",),
    verified="2026-11-23",
)

"""vLLM's OpenAI-compatible server.

https://docs.vllm.ai/en/stable/serving/openai_compatible_server/ (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import report_ignored


def report_ignored_user(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Report ``user`` of a chat, which vLLM says it ignores."""
    if endpoint == "chat_completions":
        report_ignored(edit, ("user",), "vLLM ignores it")


PROVIDER = Provider(
    id="vllm",
    title="vLLM",
    base_url="http://127.0.0.1:8000/v1",
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_required=False,
    key_env=("VLLM_API_KEY",),
    request_quirks=(report_ignored_user,),
    docs=(
        "https://docs.vllm.ai/en/stable/serving/openai_compatible_server/",
        "https://docs.vllm.ai/en/stable/configuration/env_vars/",
    ),
    verified="2026-11-23",
    notes="The server takes a key only when it was started with one.",
)

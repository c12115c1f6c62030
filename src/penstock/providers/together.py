"""Together AI.

https://docs.together.ai/docs/inference/openai-compatibility, and Together's Python SDK 3.1 for the variables and the
request's members (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider, below_root
from penstock.wire.openai_fields import move_output_limit


def use_older_output_limit(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Move ``max_completion_tokens`` to ``max_tokens``, the only name that the reference has for it."""
    move_output_limit(edit, "Together's reference knows max_tokens only")


PROVIDER = Provider(
    id="together",
    title="Together AI",
    base_url="https://api.together.ai/v1",
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_env=("TOGETHER_API_KEY",),
    base_url_env=("TOGETHER_BASE_URL",),
    read_base_url=below_root("/v1"),
    request_quirks=(use_older_output_limit,),
    models=("openai/gpt-oss-20b", "openai/gpt-oss-120b"),
    docs=("https://docs.together.ai/docs/inference/openai-compatibility",),
    verified="2026-11-23",
    notes="The reference does not say what stream_options does; logprobs is a number there (0 to 20), not a boolean.",
)

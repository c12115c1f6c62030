"""OpenAI: whose formats all others here are compatible with.

https://developers.openai.com/api/reference (read 2026-11-23). Some models refuse members of messages that are not in it
("Additional properties are not allowed"): https://github.com/openai/openai-node/issues/1161.
"""

from __future__ import annotations

from penstock.core.provider import Provider
from penstock.wire.openai_chat.foreign_marks import drop_foreign_marks

PROVIDER = Provider(
    id="openai",
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_env=("OPENAI_API_KEY",),
    base_url_env=("OPENAI_BASE_URL",),
    header_env={"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"},
    request_quirks=(drop_foreign_marks,),
    model_patterns=(
        "gpt-[0-9]*",
        "gpt-audio*",
        "chatgpt-*",
        "o[0-9]*",
        "davinci-002",
        "babbage-002",
        "text-embedding-3-*",
        "text-embedding-ada-002",
    ),
    models=("gpt-5.5", "gpt-5.4-mini", "text-embedding-3-small"),
    docs=("https://developers.openai.com/api/reference",),
    verified="2026-11-23",
)

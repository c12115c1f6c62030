"""Anthropic, by its own Messages API.

https://platform.claude.com/docs/en/api/messages and .../api/versioning (read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.provider import KeyHeader, NativeChat, Provider, below_root

PROVIDER = Provider(
    id="anthropic",
    title="Anthropic",
    schema_name="Anthropic",
    base_url="https://api.anthropic.com/v1",
    paths={"count_tokens": "/messages/count_tokens"},
    native_chat=NativeChat(format="anthropic_messages", path="/messages", stream_path="/messages"),
    key_header=KeyHeader(name="x-api-key", prefix=""),
    key_env=("ANTHROPIC_API_KEY",),
    base_url_env=("ANTHROPIC_BASE_URL",),
    read_base_url=below_root("/v1"),
    default_headers={"anthropic-version": "2023-06-01"},
    stream_usage="always",
    model_patterns=("claude-*",),
    models=("claude-opus-5-5",),
    docs=(
        "https://platform.claude.com/docs/en/api/messages",
        "https://platform.claude.com/docs/en/api/versioning",
    ),
    verified="2026-11-23",
)

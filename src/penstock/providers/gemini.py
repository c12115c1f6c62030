"""Google Gemini, by its OpenAI-compatible API.

https://ai.google.dev/gemini-api/docs/openai (read 2026-11-23). Names that it does not know are a 400 ("Unknown name ...
Cannot find field"): https://github.com/liliMozi/openhanako/issues/394; the signatures in ``extra_content`` it needs.
"""

from __future__ import annotations

from penstock.core.provider import Provider
from penstock.wire.openai_chat.foreign_marks import drop_marks_but_googles
from penstock.wire.openai_usage import read_usage_with_reasoning_apart

PROVIDER = Provider(
    id="gemini",
    title="Google Gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    paths={"chat_completions": "/chat/completions", "embeddings": "/embeddings"},
    key_env=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    request_quirks=(drop_marks_but_googles,),
    read_usage=read_usage_with_reasoning_apart,
    model_patterns=("gemini-*",),
    models=("gemini-3.5-flash", "gemini-embedding-001"),
    docs=(
        "https://ai.google.dev/gemini-api/docs/openai",
        "https://ai.google.dev/gemini-api/docs/api-key",
        "https://ai.google.dev/gemini-api/docs/thinking",
    ),
    verified="2026-11-23",
    notes="The page on compatibility does not describe usage: thinking is billed as output and is in the total alone.",
)

"""Grok, of xAI.

https://docs.x.ai/developers/rest-api-reference/inference/chat-completions; reasoning is counted apart:
https://docs.x.ai/developers/rate-limits (read 2026-11-23).
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import drop_fields
from penstock.wire.openai_usage import read_usage_with_reasoning_apart

REFUSED_BY_REASONING_MODELS = ("presence_penalty", "frequency_penalty", "stop")
MODELS_THAT_DO_NOT_REASON = ("*non-reasoning*", "grok-2*", "grok-3", "grok-3-fast*", "grok-3-latest")


def drop_unsupported_bias(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``logit_bias``, which the reference marks "(Unsupported)"."""
    drop_fields(edit, ("logit_bias",), "xAI does not support it")


def drop_what_reasoning_refuses(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``stop`` and the penalties for reasoning models: every model is one unless its name denies it."""
    model = (edit.raw("model") or b"").decode(errors="replace").strip('"')
    if not any(fnmatchcase(model, pattern) for pattern in MODELS_THAT_DO_NOT_REASON):
        drop_fields(edit, REFUSED_BY_REASONING_MODELS, "xAI's reasoning models answer with an error to it")


PROVIDER = Provider(
    id="xai",
    title="Grok (xAI)",
    base_url="https://api.x.ai/v1",
    paths={"chat_completions": "/chat/completions", "completions": "/completions"},
    key_env=("XAI_API_KEY",),
    request_quirks=(drop_unsupported_bias, drop_what_reasoning_refuses),
    read_usage=read_usage_with_reasoning_apart,
    model_patterns=("grok-*",),
    models=("grok-4.6", "grok-4.3", "grok-4.20-non-reasoning"),
    docs=(
        "https://docs.x.ai/developers/rest-api-reference/inference/chat-completions",
        "https://docs.x.ai/developers/rest-api-reference/inference/legacy",
        "https://docs.x.ai/developers/model-capabilities/text/reasoning",
        "https://docs.x.ai/developers/rate-limits",
    ),
    verified="2026-11-23",
    notes="xAI calls chat completions deprecated in favour of responses, and completions legacy.",
)

"""Mistral AI.

https://docs.mistral.ai/api, as the request types of Mistral's Python SDK 3.7 state it. The API answers 422 to members
that it does not know (``extra_forbidden``): https://github.com/mistralai/platform-docs-public/issues/7
(read 2026-11-23).
"""

from __future__ import annotations

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit, JsonObject
from penstock.core.provider import Provider
from penstock.wire.openai_chat.foreign_marks import drop_foreign_marks
from penstock.wire.openai_fields import drop_fields, move_output_limit

UNKNOWN = (
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "modalities",
    "safety_identifier",
    "store",
    "user",
    "verbosity",
    "web_search_options",
)
WHY = "Mistral answers 422 to members it does not know"


def use_mistrals_names(endpoint: EndpointId, edit: JsonEdit) -> None:
    """Move ``seed``, ``max_completion_tokens`` and ``dimensions`` to the names that Mistral has for them."""
    if endpoint == "embeddings":
        edit.rename("dimensions", "output_dimension", "Mistral's name for it")
    else:
        edit.rename("seed", "random_seed", "Mistral's name for it")
        move_output_limit(edit, "Mistral's name for it")


def drop_unknown_fields(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``user``, ``logit_bias``, ``store`` and other members that Mistral would answer 422 to."""
    drop_fields(edit, UNKNOWN, WHY)


def drop_stream_options(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``stream_options``: the counts come in the last event with a choice, asked or not."""
    raw = edit.raw("stream_options")
    named = JsonObject(raw).names() if raw is not None and raw.startswith(b"{") else []
    if set(named) - {"include_usage"}:
        edit.report("stream_options", "dropped", "Mistral knows no options of streams")
    edit.remove("stream_options")


PROVIDER = Provider(
    id="mistral",
    title="Mistral",
    base_url="https://api.mistral.ai/v1",
    paths={"chat_completions": "/chat/completions", "embeddings": "/embeddings"},
    key_env=("MISTRAL_API_KEY",),
    stream_usage="always",
    request_quirks=(use_mistrals_names, drop_unknown_fields, drop_foreign_marks, drop_stream_options),
    model_patterns=(
        "mistral-*",
        "ministral-*",
        "magistral-*",
        "codestral-*",
        "devstral-*",
        "pixtral-*",
        "voxtral-*",
        "open-mistral-*",
        "open-mixtral-*",
    ),
    models=("mistral-large-latest", "mistral-small-latest", "codestral-latest", "mistral-embed"),
    docs=("https://docs.mistral.ai/api", "https://docs.mistral.ai/resources/migration-guides"),
    verified="2026-11-23",
)

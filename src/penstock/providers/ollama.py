"""Ollama, on this machine or another.

https://docs.ollama.com/api/openai-compatibility and https://docs.ollama.com/faq (read 2026-11-23).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from penstock.core.endpoint import EndpointId
from penstock.core.json_object import JsonEdit
from penstock.core.provider import Provider
from penstock.wire.openai_fields import drop_fields, move_output_limit

DEFAULT_PORT = 11434
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, never listened on
UNSUPPORTED = ("logit_bias", "user", "n", "best_of", "echo")


def read_ollama_host(host: str) -> str:
    """Read OLLAMA_HOST, which is a URL, ``host:port`` or a host, and may be the address that the server listens on.

    Raises:
        ValueError: the port is no number.
    """
    is_url = "//" in host
    address = urlsplit(host if is_url else f"//{host}", scheme="http")
    name = address.hostname or "127.0.0.1"
    name = ANY_ADDRESS.get(name, name)
    place = f"[{name}]" if ":" in name else name
    if address.port or not is_url:
        place += f":{address.port or DEFAULT_PORT}"
    return f"{address.scheme}://{place}{address.path.rstrip('/')}/v1"


def drop_unsupported_fields(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Take out ``logit_bias``, ``user``, ``n``, ``best_of`` and ``echo``, which the page lists as not supported."""
    drop_fields(edit, UNSUPPORTED, "Ollama does not support it")


def use_older_output_limit(_endpoint: EndpointId, edit: JsonEdit) -> None:
    """Move ``max_completion_tokens`` to ``max_tokens``, the only name that the list of supported fields has for it."""
    move_output_limit(edit, "Ollama's list of fields has max_tokens only")


PROVIDER = Provider(
    id="ollama",
    title="Ollama",
    base_url="http://127.0.0.1:11434/v1",
    paths={
        "chat_completions": "/chat/completions",
        "completions": "/completions",
        "embeddings": "/embeddings",
    },
    key_required=False,
    base_url_env=("OLLAMA_HOST",),
    read_base_url=read_ollama_host,
    request_quirks=(drop_unsupported_fields, use_older_output_limit),
    models=("gpt-oss:20b", "qwen3:8b", "all-minilm"),
    docs=("https://docs.ollama.com/api/openai-compatibility", "https://docs.ollama.com/faq"),
    verified="2026-11-23",
)

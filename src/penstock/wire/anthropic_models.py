"""Anthropic's model objects, rendered from configuration: ``GET /anthropic/v1/models`` and one of them.

https://platform.claude.com/docs/en/api/models/list (read 2026-11-23), checked against the types of the Python SDK 2.12.
The list is one page: ``has_more`` is always false. Which models exist is the snapshot's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import msgspec


class ModelInfo(msgspec.Struct, frozen=True, tag="model"):
    """One entry; ``created_at`` is an RFC 3339 time."""

    id: str
    display_name: str
    created_at: str
    lifecycle: Literal["active"] = "active"


class _ModelPage(msgspec.Struct, frozen=True):
    data: list[ModelInfo]
    first_id: str | None
    last_id: str | None
    has_more: bool = False


def model_info(name: str, created: int) -> ModelInfo:
    """Return the entry of a model; ``created`` in Unix seconds."""
    return ModelInfo(name, name, datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def render_model(name: str, created: int) -> bytes:
    """Render one model; ``created`` in Unix seconds."""
    return msgspec.json.encode(model_info(name, created))


def render_models(models: Iterable[tuple[str, int]]) -> bytes:
    """Render the list of models, each a name and when it was made in Unix seconds."""
    data = [model_info(name, created) for name, created in models]
    ids: list[str | None] = [model.id for model in data] or [None]
    return msgspec.json.encode(_ModelPage(data, ids[0], ids[-1]))

"""OpenAI's model objects, rendered from configuration: ``GET /v1/models`` and ``GET /v1/models/{id}``.

https://platform.openai.com/docs/api-reference/models (read 2026-11-23). Which models exist is the snapshot's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec


class ModelObject(msgspec.Struct, frozen=True):
    """One entry; ``created`` is in Unix seconds."""

    id: str
    created: int
    owned_by: str
    object: Literal["model"] = "model"


class _ModelList(msgspec.Struct, frozen=True):
    data: list[ModelObject]
    object: Literal["list"] = "list"


def render_model(model: ModelObject) -> bytes:
    """Render one model."""
    return msgspec.json.encode(model)


def render_models(models: Iterable[ModelObject]) -> bytes:
    """Render the list of models."""
    return msgspec.json.encode(_ModelList(list(models)))

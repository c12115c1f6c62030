"""Anthropic's list of models, as its SDK reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from anthropic.types import ModelInfo

from penstock.wire.anthropic_models import render_model, render_models


def test_the_list_is_one_page_that_names_its_ends() -> None:
    page = json.loads(render_models([("a", 0), ("b", 1_700_000_000)]))
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("a", "b", False)
    first, last = [ModelInfo.model_validate(entry) for entry in page["data"]]
    assert (first.id, first.display_name, first.type) == ("a", "a", "model")
    assert last.created_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_no_models_are_a_list_without_ends() -> None:
    assert json.loads(render_models([])) == {"data": [], "first_id": None, "last_id": None, "has_more": False}


def test_one_model_is_the_same_object_as_in_the_list() -> None:
    assert json.loads(render_model("a", 5)) == json.loads(render_models([("a", 5)]))["data"][0]

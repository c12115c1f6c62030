"""Models as OpenAI lists them; the SDK's own model is the oracle."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from openai.types import Model

from penstock.wire.openai_models import ModelObject, render_model, render_models

MODELS = st.builds(
    ModelObject, id=st.text(st.characters(codec="utf-8")), created=st.integers(0, 2**40), owned_by=st.just("us")
)


@given(MODELS)
def test_one_model_is_what_the_sdk_reads(model: ModelObject) -> None:
    read = Model.model_validate_json(render_model(model), strict=True)
    assert read.model_dump(exclude_unset=True) == {
        "id": model.id,
        "created": model.created,
        "owned_by": "us",
        "object": "model",
    }


@given(st.lists(MODELS, max_size=5))
def test_the_list_keeps_its_order(models: list[ModelObject]) -> None:
    listed = json.loads(render_models(iter(models)))
    assert listed["object"] == "list"
    assert [Model.model_validate(item, strict=True).id for item in listed["data"]] == [model.id for model in models]

"""Facts of models."""

from __future__ import annotations

from penstock.core.model_facts import UNKNOWN_MODEL


def test_of_an_unknown_model_nothing_special_is_assumed() -> None:
    assert not UNKNOWN_MODEL.json_schema
    assert UNKNOWN_MODEL.thinking == "none"
    assert UNKNOWN_MODEL.max_output_tokens > 0

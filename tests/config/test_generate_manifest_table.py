from __future__ import annotations

import pytest

from penstock.config.manifests.parts import AI_GATEWAY, Manifest
from penstock.config.manifests.registry import KINDS, UNSERVED
from scripts.generate_manifest_table import PAGE, list_fields, render


def test_page_names_every_kind_and_is_fresh() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert render(page) == page
    assert all(f"## {kind}\n" in page for _, kind in KINDS)


@pytest.mark.parametrize("model", [model for (group, kind), model in KINDS.items() if (group, kind) not in UNSERVED])
def test_every_field_is_said_to_have_an_effect_or_not(model: type[Manifest]) -> None:
    rows = dict(list_fields(model))

    assert rows
    assert all(rows.values())


def test_fields_of_usage_are_said_to_be_not_enforced() -> None:
    said = {
        path
        for model in KINDS.values()
        if model.group == AI_GATEWAY
        for path, what in list_fields(model)
        if "not enforced" in what
    }

    assert said == {
        "spec.llmRequestCosts",
        "spec.rateLimitsFromHeaders",
        "spec.globalLLMRequestCosts",
        "spec.serviceQuota",
        "spec.perModelQuotas",
    }

"""The table of what is tested by what claims no more than the tests do, and leaves no provider of the mission out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from penstock.cli.provider_table import offer_of
from penstock.endpoints import declared_endpoints
from penstock.providers import all_providers
from scripts.generate_tested_table import render
from scripts.generated_file import bring_up_to_date
from tests.clients.provider_checks import CHECKS, Check, real_clients_of, shown_by
from tests.clients.provider_rows import CAPABILITIES, ROWS

HERE = Path(__file__).parent
LISTS = {
    "embeddings": "VECTORS",
    "completions": "COMPLETIONS",
    "signed thinking": "SIGNATURES",
    "token counts": "COUNTS",
}
"""Capability to the end of the name of the list of rows that have it."""
MISSION = {
    "OpenAI",
    "AWS Bedrock",
    "Azure OpenAI",
    "Google Gemini",
    "Groq",
    "Grok",
    "Together AI",
    "Cohere",
    "Mistral",
    "DeepInfra",
    "DeepSeek",
    "Hunyuan",
    "Tencent LLM Knowledge Engine",
    "Google Vertex AI",
    "Anthropic on Vertex AI",
    "SambaNova",
}


def test_every_provider_of_the_mission_is_there() -> None:
    assert {row.mission for row in ROWS.values()} >= MISSION
    assert {row.provider for row in ROWS.values()} <= set(all_providers())


def test_rows_and_models_of_the_configuration_are_the_same() -> None:
    models = yaml.safe_load((HERE / "providers.yaml").read_text("utf-8"))["models"]
    whole = {model for model in models if "fault-" not in model and not model.startswith(("refused/", "across/"))}
    assert whole == {row.chat for row in ROWS.values()} | {row.embeddings for row in ROWS.values() if row.vectors}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.client}, {check.capability}, {check.test}")
def test_each_check_is_a_test_that_runs_against_every_row(check: Check) -> None:
    text = (HERE / check.file).read_text("utf-8")
    if check.file.endswith(".mjs"):
        assert f"${{id}} {check.test}`" in text
        assert "for (const id of CHAT_MODELS)" in text
    else:
        assert f"def {check.test}(" in text
        assert "params=ROWS" in text or "WITH_SIGNATURES" in text
        assert f"WITH_{LISTS.get(check.capability, '')}" in text or check.capability not in LISTS


def test_each_capability_is_shown_by_a_client() -> None:
    for row in ROWS.values():
        assert [bool(shown_by(row, one)) for one in CAPABILITIES] == [one in row.capabilities for one in CAPABILITIES]
    assert str(real_clients_of("bedrock")) == "chat, embeddings, token counts (AWS signature)"
    assert str(real_clients_of("azure-openai")) == "chat, embeddings, completions (key, Entra token)"
    assert str(real_clients_of("vllm")) == ""


def test_whatever_a_provider_of_the_table_offers_is_tried() -> None:
    names = {
        "chat_completions": "chat",
        "messages": "chat",
        "embeddings": "embeddings",
        "completions": "completions",
        "count_tokens": "token counts",
    }
    for row in ROWS.values():
        provider = all_providers()[row.provider]
        offered = {names[one.id] for one in declared_endpoints() if offer_of(provider, one) != "none"}
        assert set(real_clients_of(row.provider).endpoints) == offered, row.provider


def test_each_row_has_a_line() -> None:
    page = render()
    for row in ROWS.values():
        assert page.count(f"| {row.mission} | `{row.provider}`") >= 1


def test_a_stale_page_is_told_and_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "tested.md"
    assert bring_up_to_date(page, render(), check=True) == 1
    assert "tested.md is stale" in capsys.readouterr().out
    assert not page.exists()
    assert bring_up_to_date(page, render(), check=False) == 0
    assert bring_up_to_date(page, render(), check=True) == 0

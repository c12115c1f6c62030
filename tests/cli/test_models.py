from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke


def test_models_of_a_file_and_where_they_go(invoke: Invoke, configuration: Path) -> None:
    result = invoke("models", str(configuration))

    assert result.exit_code == 0
    assert result.stdout == (
        "Models\n  fast\n  └─ openai/gpt-5.4-mini\n"
        "  careful\n  ├─ local/qwen3  (50%)\n  └─ openai/<same name>  (50%)\n"
        "\nPatterns, tried in this order for other names\n  local/*\n  └─ local/*\n"
    )


def test_json_says_the_same(invoke: Invoke, configuration: Path) -> None:
    described = json.loads(invoke("models", "--json", str(configuration)).stdout)

    assert [model["name"] for model in described["models"]] == ["fast", "careful"]
    assert described["models"][0]["targets"] == [
        {"backend": "openai", "model": "gpt-5.4-mini", "weight": 1, "priority": 0}
    ]
    assert [model["name"] for model in described["patterns"]] == ["local/*"]


def test_without_files_those_of_the_variable_are_read(
    invoke: Invoke, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_CONFIG", str(configuration))

    assert "  fast\n" in invoke("models").stdout


def test_without_any_file_the_environment_s_providers_are(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-canary")

    result = invoke("models")

    assert result.exit_code == 0
    assert {line.split()[1] for line in result.stdout.splitlines() if "─" in line} == {"groq/<same", "groq/*"}
    assert "canary" not in result.output


def test_nothing_set_is_refused_with_what_to_set(invoke: Invoke) -> None:
    result = invoke("models")

    assert result.exit_code == 2
    assert "OPENAI_API_KEY" in result.stderr

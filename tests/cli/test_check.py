from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Invoke


def test_valid_file_ends_with_0_and_shows_what_it_means(invoke: Invoke, configuration: Path) -> None:
    result = invoke("check", str(configuration))

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{configuration}: valid\n")
    assert "  openai  OpenAI  https://api.openai.com/v1  with key\n" in result.stdout
    assert "  fast\n  └─ openai/gpt-5.4-mini\n" in result.stdout
    assert "canary" not in result.output


def test_wrong_file_ends_with_2_and_names_every_mistake_with_its_line(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("listn: x\nbackends: {opnai: {api_key: sk-canary}}\n", encoding="utf-8")

    result = invoke("check", "bad.yaml")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        'bad.yaml:1:1: error: listn: unknown key; did you mean "listen"?',
        (
            'bad.yaml:2:12: error: backends.opnai.provider: is required, because "opnai" is not the id of a provider; '
            'did you mean "openai"?'
        ),
    ]


def test_json_of_a_valid_file_holds_the_configuration(invoke: Invoke, configuration: Path) -> None:
    result = invoke("check", "--json", str(configuration))

    described = json.loads(result.stdout)
    assert result.exit_code == 0
    assert described["ok"] is True
    assert described["backends"]["openai"] == {
        "provider": "openai",
        "base_url": "https://api.openai.com/v1",
        "has_key": True,
    }
    assert described["problems"] == []
    assert result.stderr == ""


def test_json_of_a_wrong_file_holds_the_places(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("models:\n  fast: nowhere\n", encoding="utf-8")

    result = invoke("check", "--json", "bad.yaml")

    described = json.loads(result.stdout)
    assert result.exit_code == 2
    assert described["ok"] is False
    assert {"severity": "error", "file": "bad.yaml", "line": 2, "column": 9, "path": "models.fast"}.items() <= (
        described["problems"][-1].items()
    )


def test_file_that_is_not_there_ends_with_2(invoke: Invoke) -> None:
    result = invoke("check", "nowhere.yaml")

    assert result.exit_code == 2
    assert result.stderr == "error: nowhere.yaml cannot be read: No such file or directory\n"


def test_check_needs_a_file(invoke: Invoke) -> None:
    result = invoke("check")

    assert result.exit_code == 2
    assert "CONFIG" in result.stderr


def test_manifests_are_described_with_their_rules_and_notes(invoke: Invoke) -> None:
    case = Path(__file__).parents[1] / "vectors" / "manifests" / "routes-by-host-header-and-weight" / "a.yaml"

    described = json.loads(invoke("check", "--json", str(case)).stdout)

    assert {problem["severity"] for problem in described["problems"]} == {"note"}
    assert described["problems"][0]["path"] == "Gateway/front.metadata.name"
    assert described["routes"][0]["match"]["host"] == "ai.example.com"
    assert [target["weight"] for target in described["routes"][0]["targets"]] == [3, 1, 1]


def test_tests_are_run_and_counted(invoke: Invoke, configuration: Path) -> None:
    with configuration.open("a", encoding="utf-8") as file:
        file.write("tests: {fast is small: {request: fast, expect: openai/gpt-5.4-mini}}\n")

    assert invoke("check", str(configuration)).stdout.startswith(f"{configuration}: valid, tests: 1 passed\n")

    described = json.loads(invoke("check", "--json", str(configuration)).stdout)
    assert described["tests"] == [{"name": "fast is small", "passed": True, "differences": []}]


def test_a_failing_test_ends_with_2_and_shows_both_sides(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "backends: {openai: {api_key: sk-canary-0123456789}}\nmodels: {m: openai/n}\ntests:\n"
        "  right: {request: m, expect: openai}\n  wrong: {request: m, expect: openai/o}\n",
        encoding="utf-8",
    )

    result = invoke("check", "c.yaml")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "c.yaml:5:31: error: tests.wrong.expect: the test fails: expected openai/o, got openai/n",
        "tests: 1 passed, 1 failed",
    ]

    result = invoke("check", "--json", "c.yaml")

    described = json.loads(result.stdout)
    assert result.exit_code == 2
    assert described["ok"] is False
    assert described["problems"][0]["line"] == 5
    assert described["tests"][1] == {
        "name": "wrong",
        "passed": False,
        "differences": [{"path": "tests.wrong.expect.targets", "expected": "openai/o", "got": "openai/n"}],
    }

"""The reference is made from the code; what is written by hand in it is held to the code here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from penstock.cli.main import COMMANDS
from penstock.config.document import Document
from penstock.config.json_schema import build_json_schema
from penstock.config.native_yaml import load_files
from scripts.generate_config_reference import MARK, PAGES, refresh, render_cli, render_configuration, render_schema

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
_EXAMPLES = [text for text in re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL) if "backends:" in text]


def _rows(page: str) -> list[tuple[str, str, str, str]]:
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in page.splitlines() if "| `" in line]
    return [row for row in rows if len(row) == 4]


def test_every_key_of_the_file_has_kind_default_and_meaning() -> None:
    rows = _rows(render_configuration(MARK))
    definitions = build_json_schema()["$defs"]
    assert isinstance(definitions, dict)
    sections = [each for name, each in definitions.items() if name.endswith("Section")]
    keys = [*Document.model_fields, *(key for section in sections for key in section["properties"])]

    assert {key for key, *_ in rows} == {f"`{key}`" for key in keys}
    assert all(cell not in {"", "None"} for row in rows for cell in row)


@pytest.mark.parametrize(
    ("key", "kind", "default"),
    [
        ("body", "size", "`50MiB`"),
        ("connect_s", "seconds", "`10`"),
        ("admin", "HOST:PORT or unix:PATH", "`127.0.0.1:1064`"),
        ("targets", "list of mappings", "required"),
        ("backends", "mapping by name", "–"),
        ("listed", "true or false", "`true`"),
    ],
)
def test_rows_say_what_the_models_say(key: str, kind: str, default: str) -> None:
    assert (f"`{key}`", kind, default) in [row[:3] for row in _rows(render_configuration(MARK))]


def test_what_stands_above_the_mark_is_kept() -> None:
    written = render_configuration(f"# By hand\n\n{MARK}\n\nold tables")

    assert written.startswith(f"# By hand\n\n{MARK}\n\n## The whole file\n")
    assert "old tables" not in written


@pytest.mark.parametrize("text", _EXAMPLES)
def test_examples_of_the_page_are_valid(text: str, tmp_path: Path) -> None:
    (tmp_path / "groq.key").write_text("gsk-of-a-test", encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")

    loaded = load_files([str(path)], {"OPENAI_API_KEY": "sk-of-a-test", "BILLING_KEY": "pk-of-a-test-0123456789"})

    assert loaded.warnings == ()


def test_page_has_examples() -> None:
    assert len(_EXAMPLES) >= 2


def test_schema_file_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(json.loads(render_schema("")))


def test_help_of_every_command_is_there_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    narrow = render_cli("")
    monkeypatch.setenv("COLUMNS", "200")

    assert render_cli("") == narrow
    assert [line for line in narrow.splitlines() if line.startswith("## ")] == [
        "## penstock",
        *(f"## penstock {name}" for name in COMMANDS),
    ]
    assert narrow.count("Usage: penstock") == 1 + len(COMMANDS)


def test_stale_pages_are_told_and_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refresh(tmp_path, check=True) == 1
    assert capsys.readouterr().out.splitlines() == [f"{name} is stale" for name in PAGES]
    assert list(tmp_path.iterdir()) == []
    assert refresh(tmp_path, check=False) == 0
    assert refresh(tmp_path, check=True) == 0

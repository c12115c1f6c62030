"""Every configuration that a page shows is read as ``penstock check`` reads it, tests included; commands likewise.

A page may show a part. What it leaves out stands in ``COMPANIONS``, and both are read as one configuration.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from penstock.cli.main import main
from penstock.config.native_yaml import load_files
from scripts.repository import ROOT
from tests.transport.certificates import Authority

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("README.md"))]
SECRET = "a-key-that-is-hard-to-guess-0123456789"

PROVIDER = "backends: {openai: {api_key: a-key}}\n"
COMPANIONS = {
    "# yaml-language-server": PROVIDER,
    "tests:": """
backends:
  groq: {api_key: a-key}
  azure-eu: {provider: azure-openai, api_key: a-key, base_url: "https://ours.openai.azure.com"}
  bedrock-eu: {provider: bedrock-anthropic, options: {region: eu-west-1}}
models: {fast: groq/llama-3.3-70b-versatile}
routes:
  - name: europe
    hostnames: [eu.example.com]
    rules:
      - name: gold
        match: [{headers: {x-tier: gold}}]
        targets:
          - azure-eu/gpt-5.4
          - {backend: bedrock-eu, model: anthropic.claude-haiku-4-5, priority: 1, set_body: {max_tokens: 4096}}
""",
    "client_tokens:": PROVIDER,
    "access_log:": PROVIDER,
    "listen: 127.0.0.1:1975\nlisteners:": PROVIDER,
}
"""What stands beside a part of a configuration, by how the part begins."""


def fenced(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    found = [
        (f"{page.relative_to(ROOT)}:{number}", text)
        for page in PAGES
        for number, text in enumerate(fenced(page, "ya?ml"))
    ]
    assert len(found) > 8
    return found


def on_this_machine(text: str, folder: Path) -> str:
    """Have the files that a page names stand in ``folder``."""
    certificate, key = Authority(folder).issue("gateway.example.com")
    for path in re.findall(r"(?:_file|file): ([^\s{},]+)", text):
        here = folder / path.replace("/", "-")
        here.write_text(
            SECRET
            if path.endswith(("team-a", "groq.key"))
            else Path(certificate if path.endswith("crt") else key).read_text("utf-8"),
            encoding="utf-8",
        )
        text = text.replace(f"file: {path}", f"file: {here}")
    return text


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in blocks()])
def test_each_configuration_loads(tmp_path: Path, text: str) -> None:
    path, beside = tmp_path / "gateway.yaml", tmp_path / "beside.yaml"
    path.write_text(on_this_machine(text, tmp_path), encoding="utf-8")
    companions = [companion for begin, companion in COMPANIONS.items() if text.startswith(begin)]
    beside.write_text("".join(companions), encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)", text), SECRET)

    loaded = load_files([str(path), *([str(beside)] if companions else [])], environ)

    assert loaded.snapshot.models or loaded.snapshot.patterns
    assert loaded.warnings == ()
    assert len(loaded.tests) == len(re.findall(r"^  .*:\n    request:", text, re.MULTILINE))


COMMAND = re.compile(r"^ *(?:\.venv/bin/|ExecStart=\S*/)?penstock ([a-z]+)((?: [^#\n]*)?)", re.MULTILINE)


def options() -> set[tuple[str, str]]:
    """Return what pages call: commands, each with an option, or with none."""
    texts = [text for page in PAGES for text in fenced(page, "(?:sh|ini)?")]
    called = [found for text in texts for found in COMMAND.findall(text)]
    return {(name, option) for name, rest in called for option in re.findall(r"(?<= )--?[a-z][a-z-]*", rest) or [""]}


@pytest.mark.parametrize(("name", "option"), sorted(options()))
def test_each_command_exists_and_has_the_options_that_it_is_given(name: str, option: str) -> None:
    assert isinstance(main, click.Group)
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert not option or option in {each for parameter in command.params for each in parameter.opts}


def test_every_companion_stands_beside_something() -> None:
    assert [begin for begin in COMPANIONS if not any(text.startswith(begin) for _, text in blocks())] == []

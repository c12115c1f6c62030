"""What the README shows is tried: its programs and requests are right, its commands and targets exist."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from penstock.cli.main import COMMANDS
from scripts.repository import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
README = PAGES[0].read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", blocks("python"))
def test_each_program_is_python(text: str) -> None:
    assert ast.parse(text).body


@pytest.mark.parametrize("text", re.findall(r"-d '(.*?)'$", README, re.MULTILINE | re.DOTALL))
def test_each_request_is_json_and_names_a_model(text: str) -> None:
    assert json.loads(text)["model"]


def test_each_command_exists() -> None:
    named = set(re.findall(r"\bpenstock ([a-z]+)", " ".join(re.findall(r"`[^`\n]+`", README))))

    assert named
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE))

    assert named
    assert named <= targets


@pytest.mark.parametrize("block", ["providers", "bench"])
def test_each_generated_block_has_one_place(block: str) -> None:
    assert README.count(f"<!-- {block}:begin -->") == README.count(f"<!-- {block}:end -->") == 1
    assert README.index(f"<!-- {block}:begin -->") < README.index(f"<!-- {block}:end -->")

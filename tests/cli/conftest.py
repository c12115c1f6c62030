from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.cli.main import main
from penstock.providers import all_providers

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run every test in an empty folder, without what the developer's machine has set for Penstock."""
    for provider in all_providers().values():
        for name in (*provider.key_env, *provider.base_url_env):
            monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("PENSTOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def invoke() -> Invoke:
    """Return a function that runs ``penstock`` with arguments, in this process."""
    return lambda *arguments: CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """Return a usable configuration file on free ports."""
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n"
        "backends:\n  openai: {api_key: sk-canary-0123456789}\n  local: {provider: vllm, base_url: http://127.0.0.1:9/v1}\n"
        "models:\n  fast: openai/gpt-5.4-mini\n  careful: {targets: [local/qwen3, openai]}\n  local/*: local/*\n",
        encoding="utf-8",
    )
    return path

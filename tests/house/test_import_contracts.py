"""The contracts in pyproject.toml, tried on small packages that break them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.repository import ROOT
from tests.house.conftest import Plant

FOLDERS = [
    "cli",
    "admin",
    "config",
    "relay",
    "simulator",
    "endpoints",
    "routing",
    "identity",
    "limits",
    "ledger",
    "telemetry",
    "providers",
    "wire",
    "upstream_auth",
    "transport",
    "core",
]


@pytest.fixture
def skeleton(plant: Plant, tmp_path: Path) -> Path:
    """Every folder of the package, empty, and our contracts."""
    plant("src/penstock/__init__.py")
    plant("src/penstock/app.py")
    for folder in FOLDERS:
        plant(f"src/penstock/{folder}/__init__.py")
    plant("pyproject.toml", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return tmp_path


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_without_a_breach_keeps_every_contract(plant: Plant, skeleton: Path) -> None:
    plant("src/penstock/cli/serve.py", "import asyncio\nfrom penstock import app, config, core, relay\n")
    plant("src/penstock/providers/one.py", "from penstock.wire import two\nfrom penstock.core import three\n")
    plant("src/penstock/wire/two.py", "import json\n")
    plant("src/penstock/core/three.py", "import re\n")

    ran = lint_imports(skeleton)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("core.money", "wire"),
        ("wire.format", "transport"),
        ("wire.format", "providers"),
        ("transport.pool", "upstream_auth"),
        ("providers.one", "routing"),
        ("routing.match", "identity"),
        ("identity.keys", "telemetry"),
        ("telemetry.log", "routing"),
        ("endpoints.chat", "limits"),
        ("limits.budget", "ledger"),
        ("relay.life", "simulator"),
        ("relay.life", "config"),
        ("config.yaml", "admin"),
        ("admin.api", "app"),
    ],
)
def test_an_import_upwards_or_sideways_is_found(plant: Plant, skeleton: Path, importer: str, imported: str) -> None:
    plant(f"src/penstock/{importer.replace('.', '/')}.py", f"from penstock import {imported}\n")

    ran = lint_imports(skeleton)

    assert ran.returncode == 1
    assert "Imports point down, never sideways BROKEN" in ran.stdout
    assert f"penstock.{importer} -> penstock.{imported}" in ran.stdout


def test_a_folder_without_a_layer_is_found(plant: Plant, skeleton: Path) -> None:
    plant("src/penstock/plugins/__init__.py")

    ran = lint_imports(skeleton)

    assert ran.returncode == 1
    assert "plugins" in ran.stdout


@pytest.mark.parametrize("module", ["asyncio", "socket", "ssl", "httptools", "uvloop"])
@pytest.mark.parametrize("folder", ["core", "wire"])
def test_core_and_wire_may_not_reach_for_the_network(plant: Plant, skeleton: Path, folder: str, module: str) -> None:
    plant(f"src/penstock/{folder}/impure.py", f"def later() -> None:\n    import {module}\n")

    ran = lint_imports(skeleton)

    assert ran.returncode == 1
    assert f"penstock.{folder}.impure -> {module}" in ran.stdout


@pytest.mark.parametrize("folder", ["providers", "endpoints"])
def test_providers_and_endpoints_may_not_import_their_siblings(plant: Plant, skeleton: Path, folder: str) -> None:
    plant(f"src/penstock/{folder}/one.py", f"from penstock.{folder} import two\n")
    plant(f"src/penstock/{folder}/two.py")

    ran = lint_imports(skeleton)

    assert ran.returncode == 1
    assert f"penstock.{folder}.one -> penstock.{folder}.two" in ran.stdout

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.penstock_process import PENSTOCK

_MANIFESTS = str(Path(__file__).parents[1] / "vectors" / "manifests" / "smallest" / "a.yaml")


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variable that the manifests name."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")


@pytest.mark.usefixtures("key")
def test_written_file_is_a_configuration_that_names_variables_and_only_its_owner_reads(
    invoke: Invoke, tmp_path: Path
) -> None:
    target = tmp_path / "penstock.yaml"

    migrated = invoke("migrate", _MANIFESTS, "-o", str(target))
    checked = invoke("check", str(target))

    assert migrated.exit_code == 0, migrated.output
    assert "Deployment/x is skipped" in migrated.stderr
    assert "api_key: ${OPENAI_API_KEY}" in target.read_text("utf-8")
    assert "canary" not in target.read_text("utf-8")
    assert target.stat().st_mode & 0o077 == 0
    assert "gpt-5.4-mini" in checked.stdout


@pytest.mark.usefixtures("key")
def test_file_that_is_there_is_not_written_over_unasked(invoke: Invoke, tmp_path: Path) -> None:
    target = tmp_path / "penstock.yaml"
    target.write_text("mine", encoding="utf-8")

    refused = invoke("migrate", _MANIFESTS, "-o", str(target))
    kept = target.read_text("utf-8")
    forced = invoke("migrate", _MANIFESTS, "-o", str(target), "--force")

    assert (refused.exit_code, kept) == (1, "mine")
    assert forced.exit_code == 0
    assert "backends:" in target.read_text("utf-8")


def test_wrong_manifests_end_with_their_problems_and_write_nothing(invoke: Invoke, tmp_path: Path) -> None:
    target = tmp_path / "penstock.yaml"

    refused = invoke("migrate", _MANIFESTS, "-o", str(target))

    assert refused.exit_code == 2
    assert "Secret/openai-key.stringData.apiKey: the environment variable OPENAI_API_KEY is not set" in refused.stderr
    assert not target.exists()


@pytest.mark.usefixtures("key")
def test_standard_output_is_the_file_alone(invoke: Invoke) -> None:
    assert invoke("migrate", _MANIFESTS).stdout.startswith("# Written by penstock migrate from ")


@pytest.mark.usefixtures("key")
def test_what_is_no_file_is_left_alone_even_by_force(invoke: Invoke, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    refused = invoke("migrate", _MANIFESTS, "-o", str(tmp_path / "pipe"), "--force")

    assert refused.exit_code == 1
    assert refused.stderr.endswith(f"Error: {tmp_path}/pipe is not a file\n")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("force", [True, False])
def test_on_a_full_disk_the_old_file_stays_and_no_part_of_the_new_one(tmp_path: Path, force: bool) -> None:
    target = tmp_path / "penstock.yaml"
    if force:
        target.write_text("mine", encoding="utf-8")
    ran = subprocess.run(
        [PENSTOCK, "migrate", _MANIFESTS, "-o", str(target), *(["--force"] if force else [])],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
        env={**os.environ, "OPENAI_API_KEY": "sk-canary-0123456789", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.endswith(f"Error: {target} cannot be written: File too large\n")
    assert [(each.name, each.read_text("utf-8")) for each in tmp_path.iterdir()] == (
        [("penstock.yaml", "mine")] if force else []
    )

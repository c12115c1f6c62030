"""Which credential a backend has."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.core.upstream_credentials import AwsCredentials, GcpCredentials, UpstreamCredentials
from penstock.upstream_auth import sources


def credential_of(tmp_path: Path, backend: str) -> UpstreamCredentials | None:
    path = tmp_path / "c.yaml"
    path.write_text(f"backends: {{it: {{{backend}}}}}\n", encoding="utf-8")
    return load_files([str(path)], {}).snapshot.backends["it"].credentials


def test_a_clouds_own_chain_decides_where_nothing_is_said(tmp_path: Path) -> None:
    aws = credential_of(tmp_path, "provider: bedrock, options: {region: eu-west-1}")
    assert aws == AwsCredentials(region="eu-west-1")
    assert credential_of(tmp_path, "provider: vertex, options: {project: p}") == GcpCredentials()


def test_a_key_stands_alone(tmp_path: Path) -> None:
    assert credential_of(tmp_path, "provider: bedrock, api_key: k") is None
    assert credential_of(tmp_path, "provider: openai, api_key: k") is None


def test_a_library_that_is_missing_is_said_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_installed", lambda _module: False)
    with pytest.raises(ConfigurationInvalid, match=r"pip install 'penstock\[aws\]'"):
        credential_of(tmp_path, "provider: bedrock")
    assert credential_of(tmp_path, "provider: bedrock, aws: {access_key_id: a, secret_access_key: s}") is not None

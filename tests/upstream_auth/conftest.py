"""No credential of the machine that runs the tests, and no address outside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "GCLOUD_", "CLOUDSDK_", "IDENTITY_", "IMDS_", "MSI_", "ECS_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder and an environment without clouds and proxies."""
    for name in os.environ:
        if name.startswith(CLOUDS) or name.lower() in PROXIES or name in {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return folder

"""nginx as a plain proxy: the floor. It reads no body and keeps no account."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.gateways.contract import Gateway, Launch, fill_config


def _missing() -> str | None:
    return None if shutil.which("nginx") else "not installed (Debian: apt-get install nginx-light)"


def _version() -> str:
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return said.strip().rpartition("/")[2]


def _launch(port: int, upstream: int, folder: Path) -> Launch:
    config = fill_config("nginx.conf", folder, port=port, upstream=upstream)
    return Launch(command=("nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)))


GATEWAY = Gateway(
    name="nginx",
    title="nginx",
    does="plain proxy",
    missing=_missing,
    version=_version,
    launch=_launch,
)

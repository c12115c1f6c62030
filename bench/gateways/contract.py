"""What the benchmark must know of a gateway: whether it is here, how it is started, how it wants to be asked.

One file per gateway in this folder declares a ``GATEWAY``; ``bench.gateways.ALL`` names them in the order of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.scenarios import OPENAI, Scenario

CONFIGS = Path(__file__).parent.parent / "configs"
PEERS = Path(__file__).parent.parent / ".peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start one gateway on ``port``, with everything it writes inside one folder."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port_file: Path | None = None
    """Where a gateway that chooses its own port writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One way from the client to the mock upstream."""

    name: str
    title: str
    does: str
    """What it does besides passing bytes on, in a few words, for the reader of the table."""
    missing: Callable[[], str | None]
    """Return why it cannot run here, or None."""
    version: Callable[[], str]
    launch: Callable[[int, int, Path], Launch] | None
    """``(port, port of the mock upstream, a folder of its own)``; None when there is nothing to start."""
    path: str = "/v1/chat/completions"
    model: str = "mock"
    translated_models: Mapping[str, str] = field(default_factory=dict)
    """By the upstream's format, what to ask for so that the gateway has to translate; see ``bench.scenarios``."""
    cannot: Mapping[str, str] = field(default_factory=dict)
    """By the upstream's format, why this gateway's translation to it cannot be measured here."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """``@UPSTREAM@`` stands for the mock upstream's port."""
    start_timeout_s: float = 15.0
    unary_connections: int = 16
    stream_connections: int = 40
    """As many streams at once as it carries without lagging: a gateway that lags gets several events in one read,
    which costs it less than single ones."""

    def model_for(self, scenario: Scenario) -> str | None:
        """Return what to ask for; None where the gateway does not take part."""
        return self.model if scenario.upstream == OPENAI else self.translated_models.get(scenario.upstream)


def fill_config(name: str, folder: Path, **marks: int) -> Path:
    """Copy a configuration from ``bench/configs`` into ``folder``; marks are ``@FOLDER@`` and the names given."""
    text = (CONFIGS / name).read_text().replace("@FOLDER@", str(folder))
    for mark, value in marks.items():
        text = text.replace(f"@{mark.upper()}@", str(value))
    filled = folder / name
    filled.write_text(text)
    return filled


def missing_file(path: Path) -> str | None:
    """Return what to do when an installed file is not there."""
    return None if path.exists() else "not installed; run: python -m bench.install_peers"

"""What reading a configuration gives: a snapshot, and what to tell the operator."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.config.address import Address
from penstock.config.problems import Problem
from penstock.config.yaml_tree import KeyPath
from penstock.relay.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line says over the configuration."""

    listen: Address | None = None
    admin: Address | None = None
    allow_anonymous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A usable configuration."""

    snapshot: Snapshot
    explanation: tuple[str, ...]
    """Lines for people: where the configuration came from and what it holds."""
    warnings: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    """What is worth knowing and nothing to worry about: skipped resources, defaults that are not Envoy's."""


NO_OVERRIDES = Overrides()


def name_options(overrides: Overrides) -> dict[KeyPath, str]:
    """Return which settings the command line gave, and the options' names, for messages."""
    options: dict[KeyPath, str] = {}
    if overrides.listen:
        options["listen", "address"] = "--listen"
    if overrides.admin:
        options["admin",] = "--admin"
    if overrides.allow_anonymous:
        options["listen", "allow_anonymous"] = "--allow-anonymous"
    return options


def summarise(snapshot: Snapshot) -> str:
    """Say in one line how much a configuration holds."""
    counts = [
        _count(len(snapshot.backends), "backend"),
        *([_count(snapshot.routes.size, "rule")] if snapshot.routes else []),
        *([_count(len(snapshot.models), "model")] if snapshot.models or not snapshot.routes else []),
        *([_count(len(snapshot.patterns), "pattern")] if snapshot.patterns else []),
        _count(len(snapshot.client_keys), "client key") if snapshot.client_keys else "no client keys",
    ]
    return ", ".join(counts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

"""What reading a configuration gives: a snapshot, and what to tell the operator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from penstock.config.address import Address
from penstock.config.problems import ConfigurationInvalid, Problem
from penstock.config.yaml_tree import KeyPath
from penstock.relay.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line says over the configuration."""

    listen: tuple[Address, ...] = ()
    """Instead of all addresses for callers."""
    admin: Address | None = None
    allow_anonymous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that became otherwise than a test of the configuration expects."""

    path: KeyPath
    expected: str
    got: str

    def __str__(self) -> str:
        """Write both."""
        return f"expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigTestOutcome:
    """How one test of a configuration went."""

    name: str
    differences: tuple[Difference, ...] = ()
    """None: it passed."""


class ConfigTestsFailed(ConfigurationInvalid):
    """A configuration that holds together, and does not do what its own tests expect."""

    def __init__(self, problems: Iterable[Problem], tests: tuple[ConfigTestOutcome, ...]) -> None:
        """Take the problems, and how every test went."""
        super().__init__(problems)
        self.tests = tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A usable configuration."""

    snapshot: Snapshot
    explanation: tuple[str, ...]
    """Lines for people: where the configuration came from and what it holds."""
    warnings: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    """What is worth knowing and nothing to worry about: skipped resources, defaults that are not Envoy's."""
    tests: tuple[ConfigTestOutcome, ...] = ()
    """The configuration's own tests, which all passed."""


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
    others = snapshot.routes or snapshot.passages
    counts = [
        _count(len(snapshot.backends), "backend"),
        *([_count(snapshot.routes.size, "rule")] if snapshot.routes else []),
        *([_count(len(snapshot.models), "model")] if snapshot.models or not others else []),
        *([_count(len(snapshot.patterns), "pattern")] if snapshot.patterns else []),
        *([f"{_count(len(snapshot.passages.by_path), 'path')} passed on"] if snapshot.passages else []),
        *([_count(len(snapshot.token_issuers), "token issuer")] if snapshot.token_issuers else []),
        _count(len(snapshot.client_keys), "client key") if snapshot.client_keys else "no client keys",
    ]
    return ", ".join(counts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

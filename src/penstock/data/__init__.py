"""Facts of models, as rows of data with their source and date.

``model_facts/<family>.json`` holds rows by a pattern of the model's name; the first that fits is the model's. A name
is compared without what a host adds to it (region, vendor, version of the deployment), so that a row is written once
for every host that serves the model. What a fact means is said in ``penstock.core.model_facts``; nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType

import msgspec

from penstock.core.model_facts import UNKNOWN_MODEL, ModelFacts

_REMEMBERED_MODELS = 1024
_ARN = re.compile(r"^arn:[^/]*/")
_HOST_PREFIX = re.compile(
    r"^(?:(?:us|us-gov|eu|apac|uk|au|jp|ca|sa|me|af|global)\.)?(?:[a-z0-9]+\.)(?=[a-z])|^(?:publishers|models)/(?:.*/)?"
)
"""``us.anthropic.``, ``amazon.``; ``publishers/google/models/``, ``models/``."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts of the models whose name fits the pattern (``*`` stands for anything)."""

    pattern: str
    facts: ModelFacts


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str | list[str]
    verified: str
    models: list[dict[str, msgspec.Raw]]


def plain_name(model: str) -> str:
    """Return a model's name in lower case and without what hosts add: ``us.anthropic.claude-x-v1:0``: ``claude-x-v1``.

    An inference profile's or a model's ARN is reduced to the name at its end.
    """
    name = _ARN.sub("", model.lower().strip())
    name = _HOST_PREFIX.sub("", name, count=1)
    return re.sub(r"[@:][\w.-]*$", "", name)


@lru_cache(_REMEMBERED_MODELS)
def facts_of(model: str) -> ModelFacts:
    """Return the facts of a model by its name at any provider; ``UNKNOWN_MODEL`` for one that no row fits."""
    name = plain_name(model)
    return next((row.facts for row in all_rows() if fnmatchcase(name, row.pattern)), UNKNOWN_MODEL)


class RealClients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the test run drives real clients against at a provider, and which credentials are verified there."""

    endpoints: tuple[str, ...] = ()
    """``chat``, ``embeddings`` and the like."""
    credentials: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write both in short; empty where no client is run."""
        return f"{', '.join(self.endpoints)} ({', '.join(self.credentials)})" if self.endpoints else ""


@cache
def real_clients() -> Mapping[str, RealClients]:
    """Return it by provider id; providers without tests of that kind are not in it."""
    text = (resources.files(__name__) / "real_clients.json").read_bytes()
    return MappingProxyType(msgspec.json.decode(text, type=dict[str, RealClients]))


@cache
def all_rows() -> tuple[Row, ...]:
    """Return every row, file by file.

    Raises:
        ValueError: a file is not what this module says.
    """
    return tuple(_read_rows())


def _read_rows() -> Iterator[Row]:
    folder = resources.files(__name__) / "model_facts"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".json"):
            continue
        try:
            for row in msgspec.json.decode(file.read_bytes(), type=_File).models:
                pattern = msgspec.json.decode(row.pop("pattern"), type=str)
                yield Row(pattern, msgspec.json.decode(msgspec.json.encode(row), type=ModelFacts))
        except (msgspec.DecodeError, KeyError) as error:
            msg = f"{file.name}: {error}"
            raise ValueError(msg) from error

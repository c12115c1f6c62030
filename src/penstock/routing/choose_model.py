"""From the name in a request to a configured model, and to the model's name at its backend.

An exact name wins; then patterns are tried in the order given, which the configuration makes "most specific first"
(:func:`penstock.routing.name_pattern.specificity`). Everything here is pure. Where the name comes from (header or
body) and which of several targets serves is decided elsewhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from penstock.core.errors import ModelNotFound
from penstock.routing.name_pattern import match_pattern

LONGEST_NAME = 256
"""Characters of a model name that are looked at; a longer name is nobody's, and costs no matching."""
_NAMES_SHOWN = 20
_NAMES_COMPARED = 100


class UpstreamNamed(Protocol):
    """A target, as far as names go."""

    @property
    def model(self) -> str | None:
        """The model's name at the backend; None for the caller's name."""


class PublicModel(Protocol):
    """A configured model or pattern, as far as choosing goes; at least one target."""

    @property
    def name(self) -> str:
        """The public name or pattern."""

    @property
    def listed(self) -> bool:
        """Whether callers are told that it exists."""

    @property
    def targets(self) -> Sequence[UpstreamNamed]:
        """Where its requests may go."""


M = TypeVar("M", bound=PublicModel)


def choose(models: Mapping[str, M], patterns: Sequence[M], name: str) -> tuple[M, str]:
    """Return the model that ``name`` means, and what its first target calls it.

    Raises:
        ModelNotFound: no name and no pattern fits; the text names models that exist and the nearest one.
    """
    exact = models.get(name)
    if exact is not None:
        return exact, exact.targets[0].model or name
    if len(name) <= LONGEST_NAME:
        for model in patterns:
            if match_pattern(model.name, name) is not None:
                return model, name_upstream(model, model.targets[0], name)
    raise ModelNotFound(describe_missing(models, patterns, name), param="model")


def name_upstream(model: PublicModel, target: UpstreamNamed, name: str) -> str:
    """Return what ``target`` calls the model that the caller asked for as ``name``.

    A target without a model of its own takes the caller's name. In a pattern's target, ``*`` is replaced by what the
    pattern's ``*`` stood for: ``openai/*`` with the target model ``*`` sends ``openai/gpt-5.2`` on as ``gpt-5.2``.
    """
    if target.model is None:
        return name
    if "*" not in target.model:
        return target.model
    return target.model.replace("*", match_pattern(model.name, name) or "")


def describe_missing(models: Mapping[str, M], patterns: Sequence[M], name: str) -> str:
    """Say that no model is called ``name``, and what models there are: the nearest name, and the first few of all."""
    shown = name if len(name) <= 80 else name[:80] + "…"
    sentences = [f'The model "{shown}" does not exist.']
    listed = [model.name for model in models.values() if model.listed]
    nearest = _find_nearest(name, listed)
    if nearest:
        sentences.append(f'The nearest name is "{nearest}".')
    names = [*listed, *(pattern.name for pattern in patterns)]
    if names:
        more = len(names) - _NAMES_SHOWN
        sentences.append(f"Models here: {', '.join(names[:_NAMES_SHOWN])}{f' and {more} more' if more > 0 else ''}.")
    else:
        sentences.append("No model is configured.")
    return " ".join(sentences)


def _find_nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the most similar name; a bounded number is compared, since the caller decides how often this runs."""
    wanted = name[:80].lower()
    by_folded = {each.lower(): each for each in islice(_likely(wanted, names), _NAMES_COMPARED)}
    found = difflib.get_close_matches(wanted, by_folded, n=1)
    return by_folded[found[0]] if found else None


def _likely(wanted: str, names: Iterable[str]) -> Iterable[str]:
    """Yield names that share the first letter, or hold what was asked for: a forgotten prefix (``openai/``)."""
    return (each for each in names if wanted and (each[:1].lower() == wanted[0] or wanted in each.lower()))

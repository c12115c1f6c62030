"""The models of a configuration that names none: what the providers of its backends are known for.

Each backend serves its provider's well-known names and name patterns, and any model as ``<backend>/<model>``. A sole
backend also serves every other name. When two backends claim one name, the first of the configuration has it; the
other is still reached as ``<backend>/<name>``, and the explanation says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.relay.snapshot import Backend, Model, Target


@dataclass(slots=True)
class DefaultModels:
    """Models and patterns by name, in the order of the backends, and how claims were settled."""

    models: dict[str, Model] = field(default_factory=dict)
    patterns: dict[str, Model] = field(default_factory=dict)
    explanation: list[str] = field(default_factory=list)


def list_default_models(backends: Mapping[str, Backend]) -> DefaultModels:
    """Return what the backends serve when nothing else is said."""
    found = DefaultModels()
    for backend in backends.values():
        for name in backend.provider.models:
            _claim(found.models, _model(name, backend, None, listed=True), found.explanation)
        for pattern in backend.provider.model_patterns:
            _claim(found.patterns, _model(pattern, backend, None), found.explanation)
        prefixed = f"{backend.name}/*"
        found.patterns[prefixed] = _model(prefixed, backend, "*")
        names = dict.fromkeys([*backend.provider.models, *backend.provider.model_patterns, prefixed])
        found.explanation.append(f"{backend.name} serves {', '.join(names)}")
    if len(backends) == 1:
        (backend,) = backends.values()
        found.patterns.setdefault("*", _model("*", backend, None))
        found.explanation.append(f"{backend.name} is the only backend and serves every other name too")
    return found


def _claim(models: dict[str, Model], model: Model, explanation: list[str]) -> None:
    owner, claimant = models.setdefault(model.name, model).targets[0].backend, model.targets[0].backend
    if owner is not claimant:
        explanation.append(f"{model.name} goes to {owner.name}; {claimant.name} has it as {claimant.name}/{model.name}")


def _model(name: str, backend: Backend, upstream_model: str | None, *, listed: bool = False) -> Model:
    target = Target(backend=backend, model=upstream_model)
    return Model(name=name, targets=(target,), owned_by=backend.provider.id, created=0, listed=listed)

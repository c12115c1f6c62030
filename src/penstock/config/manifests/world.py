"""All resources together: who refers to whom, and whether they may.

A reference into another namespace needs a ReferenceGrant there. What is missing is reported once, where it is named;
what has errors of its own is not said to be missing.

https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant (read 2026-11-23).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from penstock.config.manifests.gateway_api import ReferenceGrant
from penstock.config.manifests.parts import Manifest
from penstock.config.manifests.read_manifests import Resources
from penstock.config.manifests.registry import KIND_NAMES
from penstock.config.manifests.resource import Report, Resource
from penstock.config.similar_names import hint
from penstock.config.yaml_tree import KeyPath

M = TypeVar("M", bound=Manifest)
_LONGEST_NAME = 64


@dataclass(slots=True)
class World:
    """Everything a reference can lead to."""

    resources: Resources
    report: Report
    directory: Path
    """Where paths in the native document start."""
    by_kind: dict[type[Manifest], list[Resource[Manifest]]] = field(default_factory=dict)

    def all(self, model: type[M]) -> list[Resource[M]]:
        """Return the resources of a kind, in the order of the files."""
        if not self.by_kind:
            for (kind, _, _), each in self.resources.by_key.items():
                self.by_kind.setdefault(kind, []).append(each)
        return self.by_kind.get(model, [])  # type: ignore[return-value]

    def find(self, model: type[M], namespace: str, name: str) -> Resource[M] | None:
        """Return a resource, if it is there."""
        return self.resources.by_key.get((model, namespace, name))  # type: ignore[return-value]

    def is_broken(self, model: type[Manifest], namespace: str, name: str) -> bool:
        """Say whether a resource is there, and was refused."""
        return (model, namespace, name) in self.resources.broken

    def resolve(
        self, source: Resource[Manifest], path: KeyPath, model: type[M], name: str, namespace: str | None = None
    ) -> Resource[M] | None:
        """Follow a reference that ``source`` has at ``path``; report it when it leads nowhere or may not."""
        namespace = namespace or source.namespace
        if namespace != source.namespace and not self._is_granted(source, model, namespace, name):
            what = f"{KIND_NAMES[model]}/{name}"
            message = f"no ReferenceGrant in {namespace} lets {source.label} of {source.namespace} refer to its {what}"
            self.report.error(source, (*path, "namespace"), message)
            return None
        found = self.find(model, namespace, name)
        if found is None and not self.is_broken(model, namespace, name):
            kind = KIND_NAMES[model]
            known = [each.name for each in self.all(model) if each.namespace == namespace]
            where = "" if namespace == source.namespace == "default" else f" in the namespace {namespace}"
            message = f"there is no {kind} {name}{where}{hint(name, known)}"
            self.report.error(source, (*path, "name"), message)
        return found

    def _is_granted(self, source: Resource[Manifest], model: type[Manifest], namespace: str, name: str) -> bool:
        kind = KIND_NAMES[model]
        for grant in self.all(ReferenceGrant):
            spec = grant.model.spec
            if grant.namespace != namespace:
                continue
            is_from = any(
                (each.group, each.kind, each.namespace) == (source.model.group, source.model.kind, source.namespace)
                for each in spec.from_
            )
            if is_from and any((e.group, e.kind) == (model.group, kind) and e.name in {None, name} for e in spec.to):
                return True
        return False

    def path_from(self, source: Resource[Manifest], path: str) -> str:
        """Return a path that a manifest names, relative to where it stands, as the native document has it."""
        absolute = (Path(source.root.place.file).parent / path).resolve()
        base = self.directory.resolve()
        return str(absolute.relative_to(base)) if absolute.is_relative_to(base) else str(absolute)


def name_apart(resources: Iterable[Resource[Manifest]]) -> dict[tuple[str, str], str]:
    """Give each resource a short name that no other has: its own, with its namespace where others have it too."""
    resources = list(resources)
    times = Counter(each.name for each in resources)
    names: dict[tuple[str, str], str] = {}
    for each in resources:
        name = each.name if times[each.name] == 1 else f"{each.namespace}.{each.name}"
        names[each.namespace, each.name] = shorten(name, f"{each.namespace}/{each.name}")
    return names


def shorten(name: str, whole: str = "") -> str:
    """Return a name that is not too long, and that no other one is shortened to; ``whole`` is what tells them apart."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:51]}-{sha256((whole or name).encode()).hexdigest()[:12]}"
